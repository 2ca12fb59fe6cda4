"""RealNVP: half of the numbers are shifted and scaled by what the other half says. Dinh et al. 2017, arXiv:1605.08803.

Images go through scales: couplings on the fields of a checkerboard, a squeeze of squares into channels, couplings of
channels; then half of the channels are done. Points go through couplings of even and odd numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, LayersOrNone, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.invertible import Normalising
from saddlepoint.nn.backbones.mlp import MLPCritic
from saddlepoint.nn.layers.coupling import (
    Chain,
    Coupling,
    Invertible,
    Levels,
    Logit,
    Squeeze,
    checkerboard,
)
from saddlepoint.nn.sizes import Sizes


@final
class ResidualNetwork(nn.Module):
    """What a coupling of images asks: [N, inputs, H, W] -> [N, outputs, H, W], zeros at first.

    3x3 convolutions in residual blocks. Without the batch norm of the paper, so that examples do not mix.
    """

    def __init__(self, inputs: int, width: int, blocks: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
            )
            for _ in range(blocks)
        )
        self.last = nn.Conv2d(width, outputs, 1)
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = x + block(x)
        out: Tensor = self.last(F.relu(x))
        return out


@final
@dataclass(frozen=True, kw_only=True)
class RealNVP(Normalising):
    """A flow of affine couplings, multi-scale for images; it also fits points."""

    defaults = {"batch": 64}

    scales: Layers = 2
    """scales of images; behind each but the last the side is half as long, and half of the numbers are done"""
    width: Width = 64
    """channels of the couplings' residual networks; they double at each scale"""
    blocks: LayersOrNone = 8
    """residual blocks of each"""
    couplings: Layers = 8
    """couplings for points"""
    widths: tuple[Width, ...] = (128, 128)
    """units of the hidden layers of the couplings for points"""
    decay: Weight = 5e-5
    """weight of half the squares of the gains of the scales"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def layers(self, data: DataSpec) -> Invertible:
        if len(data.shape) == 1:
            return self._of_points(data.shape[0])
        channels, height, width = data.shape
        Sizes(2 ** (self.scales - 1), 2).check(height, width, instead=" or fewer --scales")
        levels: list[Invertible] = []
        shapes = []
        for scale in range(self.scales):
            networks = self.width * 2**scale
            last = scale + 1 == self.scales
            level: list[Invertible] = [Logit()] if scale == 0 else []
            for number in range(4 if last else 3):
                mask = checkerboard(height, width, odd=number % 2 == 1)
                network = ResidualNetwork(channels, networks, self.blocks, 2 * channels)
                level.append(Coupling(network, "tanh", channels, mask=mask))
            if not last:
                level.append(Squeeze(channels, checkered=True))
                channels, height, width = 4 * channels, height // 2, width // 2
                for number in range(3):
                    moved = slice(channels // 2, None) if number % 2 == 0 else slice(None, channels // 2)
                    network = ResidualNetwork(channels // 2, networks, self.blocks, channels)
                    level.append(Coupling(network, "tanh", channels, moved))
            levels.append(Chain(level))
            shapes.append((channels, height, width))
            if not last:
                channels //= 2
        return Levels(levels, shapes, [None] * self.scales)

    def _of_points(self, numbers: int) -> Invertible:
        layers = []
        for number in range(self.couplings):
            network = MLPCritic((numbers,), self.widths, outputs=2 * numbers)
            for parameter in network.output.parameters():
                nn.init.zeros_(parameter)
            layers.append(Coupling(network, "tanh", numbers, mask=((torch.arange(numbers) + number) % 2).float()))
        return Chain(layers)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"flow": Adam("flow", lr=self.lr, clip=100.0)}

    def penalties(self, nets: Networks) -> Mapping[str, Tensor]:
        couplings = [layer for layer in nets.modules() if isinstance(layer, Coupling)]
        gains = torch.cat([layer.gain for layer in couplings if layer.gain is not None])
        return {"gains": self.decay / 2 * gains.square().sum()}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "cifar10": {"resolution": 32, "batch": 64, "scales": 2, "width": 64, "blocks": 8},  # chrischute/real-nvp, train.py
    "small": {"width": 16, "blocks": 1},  # for a processor
}

PROOF = Proof(
    claim="Eight affine couplings fit a ring of eight modes far better than one Gaussian does.",
    data="world:ring8",
    measure="density",
    difference=3.8,
    settings={"images": 400_000, "batch": 256, "held_out": 0.05},
)
