"""VAT: a verdict may not change next to an image, told or untold. Miyato et al. 2018, arXiv:1704.03976, section 3.

Paper           here
r_vadv          the direction of length `distance` in which the verdict changes most, by one step of power iteration
xi              1e-3, with a direction of unit length: the authors' 1e-6 is lost in float32
LDS             "smooth": the divergence of the verdicts at x and x + r, over told and untold images
entropy         "entropy" of the verdicts (VAT + EntMin)

Beside it, or in its place, pseudo-labels (Lee 2013; the threshold is FixMatch's, arXiv:2001.07685): an untold image
whose verdict is sure enough counts as told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, SemiBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.layers.initialisation import initialise

_XI = 1e-3


@final
@dataclass(frozen=True, kw_only=True)
class VAT(Method):
    """A dense classifier for small images that learns from few labels and many images without."""

    takes = SemiBatch
    batch_statistics = True
    compiles = ("classifier",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 100}

    widths: tuple[Width, ...] = (1200, 600, 300, 150)
    """units of the hidden layers, each with batch norm"""
    distance: Positive = 2.0
    """length of the step to the neighbour of an image, where pixels span -1 to 1 (epsilon in the paper)"""
    smooth_weight: Weight = 1.0
    """weight of the divergence between the verdicts on an image and on its neighbour; 0 for none"""
    entropy_weight: Weight = 1.0
    """weight of the entropy of the verdicts on untold images; 0 for none"""
    pseudo_weight: Weight = 0.0
    """weight of the pseudo-labels of untold images; 0 for none"""
    threshold: Share = 0.95
    """probability from which on a verdict becomes a pseudo-label"""
    ramp: Share = 0.2
    """part of the run in which these weights rise from 0: at once, they smooth the verdict to one for all"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    ema_images: Weight = 20_000.0
    """half-life, in images, of the running average that is tested; 0 for none"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.classes) < 2:
            raise ConfigError("vat tells classes apart; sort the images into two or more folders, one a class.")
        size = math.prod(data.fields["labelled"].shape if "labelled" in data.fields else data.shape)
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, width in pairwise((size, *self.widths)):
            layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()]
        nets = Networks(classifier=nn.Sequential(*layers, nn.Linear(self.widths[-1], len(data.classes))))
        initialise(nets, "he")
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        return {"classifier": Adam("classifier", lr=self.lr)}

    def ema(self) -> Ema | None:
        return Ema(("classifier",), half_life=self.ema_images) if self.ema_images else None

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        losses = {"label": F.cross_entropy(nets.classifier(batch.labelled).float(), batch.label)}
        rise = min(1.0, clock.examples / (self.ramp * clock.total)) if self.ramp and clock.total else 1.0
        logits = nets.classifier(batch.unlabelled).float()
        log = logits.log_softmax(1)
        if self.smooth_weight:
            image = torch.cat([batch.unlabelled, batch.labelled])
            with still(nets.classifier):
                changes = change(nets.classifier, image, draw.noise(*image.shape), self.distance)
            losses["smooth"] = rise * self.smooth_weight * changes
        if self.entropy_weight:
            losses["entropy"] = rise * self.entropy_weight * -(log.exp() * log).sum(1).mean()
        sure = (log.detach().exp().amax(1) >= self.threshold).float()
        if self.pseudo_weight:
            own = F.cross_entropy(logits, logits.detach().argmax(1), reduction="none")
            losses["pseudo"] = rise * self.pseudo_weight * (sure * own).mean()
        yield Update("classifier", losses, watch={"sure": sure.mean()})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("classifier")(examples)
        return {"class": logits.float().softmax(1)}


def divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) of log-probabilities [N, K], mean over rows: a scalar."""
    return (log_p.exp() * (log_p - log_q)).sum(1).mean()


def worst(classifier: nn.Module, image: Tensor, direction: Tensor) -> Tensor:
    """The direction of unit length in which the verdict on each image changes most, by one step from `direction`."""
    with torch.no_grad():
        log = classifier(image).float().log_softmax(1)
    small = (_XI * _unit(direction)).requires_grad_()
    (slope,) = torch.autograd.grad(divergence(log, classifier(image + small).float().log_softmax(1)), small)
    return _unit(slope)


def change(classifier: nn.Module, image: Tensor, direction: Tensor, distance: float) -> Tensor:
    """How much the verdict changes at that distance in the worst direction: a scalar; the verdict at the image itself
    is a constant."""
    beside = image + distance * worst(classifier, image, direction)
    with torch.no_grad():
        log = classifier(image).float().log_softmax(1)
    return divergence(log, classifier(beside).float().log_softmax(1))


@contextmanager
def still(network: nn.Module) -> Iterator[None]:
    """Leave the running statistics of batch norm as they are."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum


def _unit(direction: Tensor) -> Tensor:
    length: Tensor = direction.flatten(1).norm(dim=1).clamp_min(1e-20)
    return direction / length.view(-1, *[1] * (direction.dim() - 1))


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {"data": "mnist", "labels_per_class": 10, "batch": 100},  # appendix D, table 8: epsilon 2
    "pseudo-labels": {"smooth_weight": 0.0, "entropy_weight": 0.0, "pseudo_weight": 1.0, "widths": (600, 300)},
    "small": {"widths": (300, 150), "labels_per_class": 10},  # for a processor
}

PROOF = Proof(
    claim="With ten labels a class, VAT names held-out digits with under two thirds of the errors of the same network"
    " that learns from the labels alone.",
    data="digits",
    measure="semi-supervised",
    share=2 / 3,
    settings={
        "labels_per_class": 10,
        "held_out": 0.3,
        "images": 80_000,
        "batch": 100,
        "widths": (200, 100),
        "distance": 1.5,
        "ema_images": 10_000.0,
    },
)
