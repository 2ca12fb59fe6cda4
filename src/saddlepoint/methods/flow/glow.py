"""Glow: a flow whose channels are mixed by invertible 1x1 convolutions. Kingma & Dhariwal 2018, arXiv:1807.03039.

A step is actnorm, an invertible 1x1 convolution and a coupling; steps stand in levels, and behind each level but the
last half of the channels are done, with a prior that the other half states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Clock, Optim, Proof
from saddlepoint.methods.families.invertible import Normalising
from saddlepoint.nn.backbones.mlp import MLPCritic
from saddlepoint.nn.layers.coupling import (
    ActNorm,
    Affine,
    Chain,
    Coupling,
    Invertible,
    InvertibleConvolution,
    Levels,
    Squeeze,
    by_channel,
)
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes


@final
class ZeroConvolution(nn.Module):
    """A 3x3 convolution that begins with zeros and whose outputs have learned scales exp(3 s)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        for parameter in self.convolution.parameters():
            nn.init.zeros_(parameter)
        self.scale = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.convolution(x)
        return out * by_channel(3 * self.scale, out).exp()


@final
class Constant(nn.Module):
    """The prior of the last level, where nothing is left to state it: learned numbers, alike at every place."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return by_channel(self.values, x).expand(len(x), -1, *x.shape[2:])


@final
class CouplingNetwork(nn.Module):
    """What a coupling asks: 3x3, 1x1 and 3x3 convolutions with ReLU; zeros at first."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = ZeroConvolution(width, outputs)
        for layer in (self.first, self.second):
            initialise(layer, "normal", 0.05)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(F.relu(self.second(F.relu(self.first(x)))))
        return out


@final
@dataclass(frozen=True)
class WarmUp:
    """A rate that grows in a line from 0 to `rate` over so many examples, and stays there."""

    rate: float
    examples: float

    def __call__(self, clock: Clock) -> float:
        return self.rate * min(1.0, (clock.examples + clock.fresh) / max(self.examples, 1))


@final
@dataclass(frozen=True, kw_only=True)
class Glow(Normalising):
    """A multi-scale flow of actnorms, invertible 1x1 convolutions and couplings; it also fits points."""

    defaults = {"batch": 64}

    levels: Layers = 3
    """levels of images; each halves the side"""
    steps: Layers = 32
    """steps of flow at each level; for points, of the whole flow"""
    width: Width = 512
    """channels of the hidden layers of each coupling's network; for points, units"""
    coupling: Literal["affine", "additive"] = "affine"
    """whether couplings scale as well as shift; additive ones made the paper's large samples"""
    convolution: Literal["plu", "dense"] = "plu"
    """how the matrices of the 1x1 convolutions are kept; plu has a cheap log-determinant"""
    warm_up: Weight = 10_000.0
    """images over which the learning rate grows from 0"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def layers(self, data: DataSpec) -> Invertible:
        scale: Literal["none", "sigmoid"] = "none" if self.coupling == "additive" else "sigmoid"
        if len(data.shape) == 1:
            return Chain([layer for _ in range(self.steps) for layer in self._point_step(data.shape[0], scale)])
        channels, height, width = data.shape
        Sizes(2**self.levels).check(height, width, instead=" or fewer --levels")
        levels: list[Invertible] = []
        shapes: list[tuple[int, int, int]] = []
        priors: list[nn.Module] = []
        for number in range(self.levels):
            level: list[Invertible] = [Affine(1.0, -0.5)] if number == 0 else []
            level.append(Squeeze(channels))
            channels, height, width = 4 * channels, height // 2, width // 2
            moved = channels - channels // 2
            for _ in range(self.steps):
                outputs = moved * (1 if scale == "none" else 2)
                network = CouplingNetwork(channels // 2, self.width, outputs)
                level += [
                    ActNorm(channels),
                    InvertibleConvolution(channels, self.convolution),
                    Coupling(network, scale, channels, slice(channels // 2, None)),
                ]
            levels.append(Chain(level))
            shapes.append((channels, height, width))
            if number + 1 < self.levels:
                priors.append(ZeroConvolution(channels // 2, channels))
                channels //= 2
        priors.append(Constant(2 * channels))
        return Levels(levels, shapes, priors)

    def _point_step(self, numbers: int, scale: Literal["none", "sigmoid"]) -> list[Invertible]:
        kept = numbers // 2
        outputs = (numbers - kept) * (1 if scale == "none" else 2)
        network = MLPCritic((kept,), (self.width, self.width), outputs=outputs)
        for parameter in network.output.parameters():
            nn.init.zeros_(parameter)
        coupling = Coupling(network, scale, numbers, slice(kept, None))
        return [ActNorm(numbers), InvertibleConvolution(numbers, self.convolution), coupling]

    def optimisers(self) -> Mapping[str, Optim]:
        return {"flow": Adam("flow", lr=WarmUp(self.lr, self.warm_up), clip=100.0)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "cifar10": {"resolution": 32, "batch": 64, "levels": 3, "steps": 32, "width": 512},  # openai/glow, README
    "small": {"levels": 2, "steps": 8, "width": 64},  # for a processor
}

PROOF = Proof(
    claim="Eight steps of flow fit a ring of eight modes better than one Gaussian does.",
    data="world:ring8",
    measure="density",
    difference=2.6,
    settings={"images": 400_000, "batch": 256, "steps": 8, "width": 64, "held_out": 0.05},
)
