"""Perceptual path length in z. Karras et al. 2019, arXiv:1812.04948, section 4.1."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from saddlepoint.errors import CapabilityError, OfflineError
from saddlepoint.methods.abilities import LatentSpace, Sampling, by_label, classes_of
from saddlepoint.metrics.extractors.features import Identity
from saddlepoint.metrics.extractors.lpips import lpips_from, lpips_identity
from saddlepoint.metrics.formulas.path_length import path_length
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.sets import ImageSet
from saddlepoint.nn.backbones.lpips import LPIPS

_PATHS = 1000  # pairs of latents


def _network(trained: TrainedModel) -> LPIPS | None:
    """The network that paths are measured by. Raises OfflineError where its weights cannot be had."""
    if trained.by_pixels:
        return None
    try:
        return lpips_from(trained.weights, "vgg")
    except OfflineError as error:
        raise OfflineError(f"{error} With --extractor pixels a path is measured without them.") from error


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, network: LPIPS | None) -> Figures:
    """By LPIPS, or without a network by the mean squared difference of images in [-1, 1].

    Both ends of a path are of one class, the first, where the model knows classes.
    Raises CapabilityError for a method without latents.
    """
    model, protocol = trained.model, trained.protocol
    method = model.method
    if not isinstance(method, LatentSpace):
        raise CapabilityError(f"{model.name} makes no images from latents, so they have no paths.")

    by_class = classes_of(method, model.nets) > 0

    def of_one_class(count: int) -> Sampling:
        label = torch.zeros(count, dtype=torch.int64, device=model.device) if by_class else None
        return by_label(label, truncation=protocol.truncation, noise="constant")

    def generate(latents: Tensor) -> Tensor:
        latents = latents.to(model.device)
        return method.generate(model.nets, latents, of_one_class(len(latents))).cpu()

    start, end = method.latents(model.nets, 2 * _PATHS, seed).chunk(2)
    if network is None:
        length = path_length(generate, _squared, start, end, along="sphere", seed=seed)
        identity = Identity("pixels", "none", "pixels", "none", "x/127.5-1")
    else:
        length = path_length(generate, network, start, end, along="sphere", seed=seed)
        identity = lpips_identity(network)
    full_protocol = dataclasses.replace(
        protocol, metric=f"path-length[z{', class 0' * by_class}]", real=0, fake=2 * _PATHS, extractor=identity
    )
    return Figures([Score(length.value, full_protocol, length.spread, length.over, seed, error=length.error)])


def _squared(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().flatten(1).mean(1)


METRIC = ModelMetric(_figures, "less", _network)
