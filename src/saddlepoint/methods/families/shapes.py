"""Methods that say of a shape (a cloud, a grid of voxels, a mesh) what it is, or of each point which part it is of.

A method gives its network, `classifier`, from an example to logits; what is common is here: the loss, small changes of
clouds while training, rates that fall in steps, and what a trained model says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Share, Weight
from saddlepoint.data.batches import DataSpec, LabelledCloudBatch, PartedCloudBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.parted_cloud import PartedCloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Update
from saddlepoint.methods.schedules import Schedule
from saddlepoint.nn.full_precision import product

_LEAST_RATE = 1e-5


@final
@dataclass(frozen=True)
class Falling:
    """`start`, and after every `examples` the `factor` of what it was, never under `least`: PointNet's rate."""

    start: float
    examples: int
    factor: float
    least: float = _LEAST_RATE

    def __call__(self, clock: Clock) -> float:
        rate: float = self.start * self.factor ** (clock.examples // self.examples)
        return max(rate, min(self.least, self.start))


@dataclass(frozen=True, kw_only=True)
class NamesShapes(Method, ABC):
    """A method whose network `classifier` gives the logits of the classes of a shape."""

    compiles = ("classifier",)

    def networks(self, data: DataSpec) -> Networks:
        """The classifier. Raises ConfigError for data with fewer than two classes."""
        if len(data.classes) < 2:
            raise ConfigError(f"classes are told apart: sort the {data.main.word} into two or more folders, one each.")
        return Networks(classifier=self.classifier(data.main, len(data.classes)))

    @abstractmethod
    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        """The network, from examples of `kind` [N, ...] to logits [N, classes]."""

    def changed(self, shapes: Tensor, draw: Draw) -> Tensor:
        """Examples as training shows them."""
        return shapes

    def beside(self, classifier: nn.Module) -> Mapping[str, Tensor]:
        """Further losses of the forward that was just made."""
        return {}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        """The cross-entropy, and what is beside it."""
        batch = draw()
        shapes = next(iter(batch.tensors().values()))
        logits = nets.classifier(self.changed(shapes, draw)).float()
        error = (logits.detach().argmax(1) != batch.label).float().mean()
        losses = {"label": F.cross_entropy(logits, batch.label), **self.beside(nets.classifier)}
        yield Update("classifier", losses, watch={"error": error})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Examples [n, ...] -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("classifier")(examples)
        return {"class": logits.float().softmax(1)}


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """What methods on clouds have in common: how clouds are changed while training, and the falling rate."""

    turned: bool = True
    """show each cloud turned about z by a random angle while training; not where all stand the same way round"""
    point_noise: Weight = 0.01
    """standard deviation of what is added to each place while training, cut at five times it"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    lr_factor: Share = 0.7
    """what the learning rate is multiplied by in each fall"""
    lr_span: Count = 200_000
    """examples from one fall of the learning rate to the next"""

    def rate(self) -> Schedule:
        """The learning rate over time."""
        return Falling(self.lr, self.lr_span, self.lr_factor)

    def changed(self, clouds: Tensor, draw: Draw) -> Tensor:
        """Turned about z and with noise on each place, features untouched.  [N, P, 3 + features]"""
        places, n = clouds[..., :3], len(clouds)
        if self.turned:
            angle = draw.uniform(n) * (2 * torch.pi)
            zero, one = torch.zeros_like(angle), torch.ones_like(angle)
            rows = (angle.cos(), angle.sin(), zero, -angle.sin(), angle.cos(), zero, zero, zero, one)
            places = product(places, torch.stack(rows, 1).view(n, 3, 3))
        if self.point_noise:
            noise = draw.noise(n, *places.shape[1:]).clamp(-5, 5) * self.point_noise
            places = places + noise
        return torch.cat((places, clouds[..., 3:]), 2)


@dataclass(frozen=True, kw_only=True)
class NamesClouds(CloudSettings, NamesShapes, ABC):
    """A method that names clouds."""

    takes = LabelledCloudBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    def optimisers(self) -> Mapping[str, Optim]:
        """Adam with the falling rate."""
        return {"classifier": Adam("classifier", lr=self.rate())}


@dataclass(frozen=True, kw_only=True)
class PartsClouds(CloudSettings, Method, ABC):
    """A method whose network `segmenter` gives the logits of the parts at each point of a cloud."""

    takes = PartedCloudBatch
    batch_statistics = True
    compiles = ("segmenter",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    def networks(self, data: DataSpec) -> Networks:
        """The segmenter. Raises ConfigError for data with fewer than two parts."""
        kind, parts = data.main, data.fields["parts"]
        assert isinstance(kind, Cloud)
        assert isinstance(parts, Parts)
        if len(parts.names) < 2:
            raise ConfigError("parts are told apart: give clouds whose points are of two or more of them.")
        return Networks(segmenter=self.segmenter(kind, len(parts.names)))

    @abstractmethod
    def segmenter(self, kind: Cloud, parts: int) -> nn.Module:
        """The network, from clouds [N, P, 3 + features] to logits [N, P, parts]."""

    def beside(self, segmenter: nn.Module) -> Mapping[str, Tensor]:
        """Further losses of the forward that was just made."""
        return {}

    def optimisers(self) -> Mapping[str, Optim]:
        """Adam with the falling rate."""
        return {"segmenter": Adam("segmenter", lr=self.rate())}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        """The cross-entropy of every point, and what is beside it."""
        batch = draw()
        logits = nets.segmenter(self.changed(batch.cloud, draw)).float().flatten(0, 1)
        parts = batch.parts.flatten()
        error = (logits.detach().argmax(1) != parts).float().mean()
        losses = {"parts": F.cross_entropy(logits, parts), **self.beside(nets.segmenter)}
        yield Update("segmenter", losses, watch={"error": error})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The cloud in its parts."""
        kind, parts = spec.main, spec.fields["parts"]
        assert isinstance(kind, Cloud)
        assert isinstance(parts, Parts)
        return {"segments": PartedCloud(kind.points, parts.names)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Clouds [n, P, 3 + features] -> places with the probability of each part: [n, P, 3 + parts]."""
        logits: Tensor = nets.get_submodule("segmenter")(examples)
        return {"segments": torch.cat((examples[..., :3], logits.float().softmax(2)), 2)}


def settle_norms(nets: nn.Module, clock: Clock, span: int) -> None:
    """Set how fast running statistics follow: a half at first, halved every `span` examples, 1 % at least."""
    momentum = max(0.5 * 0.5 ** (clock.examples // span), 0.01)
    for module in nets.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.momentum = momentum
