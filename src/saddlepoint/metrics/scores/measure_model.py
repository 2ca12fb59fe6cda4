"""Figures that need the model itself, or to know which images it was trained on: paths, labels, copies."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import CapabilityError, ConfigError, OfflineError
from saddlepoint.methods.abilities import LatentSpace, Sampling, by_label, classes_of
from saddlepoint.metrics.extractors.cache import cached_features
from saddlepoint.metrics.extractors.features import Extractor, Identity, Pixels, features
from saddlepoint.metrics.extractors.lpips import lpips_from, lpips_identity
from saddlepoint.metrics.formulas.memorisation import Copying, copying, nearest, side_by_side
from saddlepoint.metrics.formulas.path_length import path_length
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.likelihoods import nats_of, of_likelihood, protocol_of, stored_for
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.scores.task import train_on_synthetic
from saddlepoint.metrics.sets import Generated, ImageSet, Indices, Rows
from saddlepoint.nn.backbones.lpips import LPIPS

ModelMetric = Literal["path-length", "train-on-synthetic", "copying", "likelihood", "mig"]

_PATHS = 1000  # pairs of latents
_ASKED = 1000  # generated images whose nearest training image is looked for
_LABELLED = 10_000  # generated images that a classifier is trained on
_HELD_OUT = 10_000  # images whose likelihood is measured
_PIXELS = 32  # side in which images are compared pixel by pixel


def path_network(weights: Sequence[Path]) -> LPIPS:
    """The network that paths are measured by. Raises OfflineError where its weights cannot be had."""
    try:
        return lpips_from(weights, "vgg")
    except OfflineError as error:
        raise OfflineError(f"{error} With --extractor pixels a path is measured without them.") from error


def measure_path(model: Model, protocol: Protocol, seed: int, network: LPIPS | None) -> Score:
    """Perceptual path length in z, by LPIPS, or without a network by the mean squared difference of images in [-1, 1].

    Both ends of a path are of one class, the first, where the model knows classes.
    Raises CapabilityError for a method without latents.
    """
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
    return Score(length.value, full_protocol, length.spread, length.over, seed, error=length.error)


def measure_synthetic(
    model: Model, dataset: Dataset, train: Indices, held_out: Indices, protocol: Protocol, seed: int
) -> tuple[Score, Score]:
    """Accuracy on the held-out images of a classifier trained on generated ones, and of one trained on real ones.

    Raises CapabilityError unless the model makes images of a chosen class, ConfigError when nothing was held out.
    """
    if not classes_of(model.method, model.nets) or dataset.labels is None:
        raise CapabilityError(
            f"train-on-synthetic needs a model that makes images of a chosen class; {model.name} was trained without "
            "labels."
        )
    _check(held_out)
    rows = train[np.linspace(0, len(train) - 1, min(len(train), _LABELLED)).astype(np.int64)]
    labels = dataset.labels[rows]
    wanted_labels = torch.from_numpy(labels)
    fake = Generated(
        model.method,
        model.nets,
        len(rows),
        seed,
        device=model.device,
        truncation=protocol.truncation,
        conditions={"label": wanted_labels},
    )
    accuracy = train_on_synthetic(
        (fake.at(np.arange(len(fake))), labels),
        (dataset.images[rows], labels),
        (dataset.images[held_out], dataset.labels[held_out]),
    )
    full_protocol = dataclasses.replace(
        protocol, metric="train-on-synthetic", real=len(held_out), fake=len(rows), reference="held-out"
    )
    error = float(np.sqrt(accuracy.synthetic * (1 - accuracy.synthetic) / len(held_out)))
    return Score(accuracy.synthetic, full_protocol, seed=seed, error=error), Score(accuracy.real, full_protocol)


def measure_likelihood(model: Model, dataset: Dataset, held_out: Indices, protocol: Protocol, seed: int) -> list[Score]:
    """Minus the mean log-likelihood of at most 10,000 held-out images, in nats and in bits for each number of an image.

    The names say what it is of and whether it is exact: `nats[exact, dynamic binarisation]`. Less is better.
    Raises CapabilityError for a model without likelihood, ConfigError when fewer than two images were held out.
    """
    method = of_likelihood(model)
    _check(held_out)
    images, drawn = stored_for(method, np.asarray(dataset.images)[held_out[:_HELD_OUT]], seed)
    nats = -nats_of(model, images, seed=seed).double()
    measured = protocol_of(method, drawn)
    error, per_dim = float(nats.std() / len(nats) ** 0.5), images[0].size * math.log(2)

    def score(unit: str, scale: float) -> Score:
        named = dataclasses.replace(
            protocol, metric=f"{unit}[{measured}]", real=len(images), fake=0, reference="held-out", truncation=1.0
        )
        return Score(float(nats.mean()) / scale, named, seed=seed, error=error / scale)

    return [score("nats", 1.0), score("bits-per-dim", per_dim)]


@dataclass(frozen=True, eq=False)
class Copies:
    """How near generated images come to the training set."""

    scores: list[Score]
    """`copying-ratio` and `copying-share` in pixels and in features"""
    floor: list[Score]
    """the same of one half of the held-out images against the other"""
    pictures: Bytes
    """[8, C, H, 3 W]: generated images nearest to the training set, their neighbours in pixels and in features"""


def measure_copying(
    extractor: Extractor,
    dataset: Dataset,
    train: Indices,
    held_out: Indices,
    fake: ImageSet,
    protocol: Protocol,
    seed: int | None,
) -> Copies:
    """Nearest training images of at most 1,000 generated ones, against those of as many held-out images.

    Raises ConfigError when fewer than two images were held out.
    """
    _check(held_out)
    training, unseen_images = Rows(dataset.images, train), Rows(dataset.images, held_out)
    queries, unseen = (images.spread(min(len(images), _ASKED)) for images in (fake, unseen_images))
    scores, floor, neighbours = [], [], []
    for word, space in (("features", extractor), ("pixels", Pixels(_PIXELS))):
        content = f"{dataset.fingerprint}/{training.choice}/0-{len(training)}"
        trained = cached_features(content, space, training.stream)
        fresh = nearest(trained, features(space, unseen))
        neighbours.append(nearest(trained, features(space, queries)))
        full_protocol = dataclasses.replace(
            protocol,
            real=len(train),
            fake=len(queries),
            extractor=space.identity,
            reference="train",
            width=trained.shape[1],
        )
        scores += _copies(copying(fresh, neighbours[-1]), full_protocol, word, seed)
        floor += _copies(
            copying(fresh.part(slice(0, None, 2)), fresh.part(slice(1, None, 2))), full_protocol, word, None
        )
    rows = side_by_side(queries, dataset.images[train], neighbours[1], neighbours[0])
    return Copies(scores, floor, rows)


def _copies(figures: Copying, protocol: Protocol, word: str, seed: int | None) -> list[Score]:
    return [
        Score(value, dataclasses.replace(protocol, metric=f"copying-{name}[{word}]"), seed=seed)
        for name, value in (("ratio", figures.ratio), ("share", figures.share))
    ]


def _squared(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().flatten(1).mean(1)


def _check(held_out: Indices) -> None:
    if len(held_out) < 2:
        count = "one was" if len(held_out) else "none was"
        raise ConfigError(
            f"this figure needs two images or more that were held out of training, and {count}; train with a"
            " larger --held-out."
        )
