"""Sparse convolution: a network of voxels that works at the filled ones alone. Graham et al. 2018, arXiv:1711.10275.

Blocks of two convolutions at the voxels themselves (submanifold) with a skip, halving between them, as the residual
networks of Choy et al. 2019 (Minkowski networks), arXiv:1904.08755. A solid is shown by its surface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Weight, Width
from saddlepoint.data.batches import LabelledVolumeBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.base import AdamW, Optim, Proof
from saddlepoint.methods.families.shapes import NamesShapes
from saddlepoint.nn.kernels.voxels import Sparse
from saddlepoint.nn.layers.sparse_conv import HalvingConv, SparseNorm, SubmanifoldConv, mean_of_each

_MOST = 8  # times the first width


@final
class Block(nn.Module):
    """Two convolutions at the voxels themselves, each with its norm, and what came in added."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = SubmanifoldConv(inputs, outputs), SubmanifoldConv(outputs, outputs)
        self.norm = SparseNorm(outputs)
        self.last = nn.BatchNorm1d(outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs, bias=False)

    def forward(self, grid: Sparse) -> Sparse:
        rules = self.first.rules(grid)
        inner = self.second(self.norm(self.first(grid, rules)), rules)
        return grid.having((self.last(inner.values) + self.skip(grid.values)).relu())


@final
class SparseNetwork(nn.Module):
    """Grids [N, C, S, S, S] in [0, 1] -> logits [N, classes], at the voxels of the surface."""

    def __init__(self, channels: int, classes: int, width: int, levels: int) -> None:
        super().__init__()
        widths = [width * min(2**level, _MOST) for level in range(levels)]
        self.stem = SubmanifoldConv(channels, width)
        self.norm = SparseNorm(width)
        self.blocks = nn.ModuleList(Block(w, w) for w in widths)
        self.halving = nn.ModuleList(HalvingConv(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(SparseNorm(w) for w in widths[1:])
        self.last = nn.Linear(widths[-1], classes)

    def forward(self, volume: Tensor) -> Tensor:
        grid = self.norm(self.stem(Sparse.of(volume, surface(volume[:, 0]))))
        grid = self.blocks[0](grid)
        for halve, norm, block in zip(self.halving, self.norms, self.blocks[1:]):
            grid = block(norm(halve(grid)))
        logits: Tensor = self.last(mean_of_each(grid)).float()
        return logits


def surface(volume: Tensor) -> Tensor:
    """The filled voxels [N, D, H, W], those over a half, of whose six neighbours one at least is empty: bool."""
    solid = (volume >= 0.5).float()[:, None]
    padded = F.pad(solid, (1,) * 6)
    z, y, x = volume.shape[1:]
    beside = [
        padded[:, 0, 1 + a : 1 + a + z, 1 + b : 1 + b + y, 1 + c : 1 + c + x]
        for a, b, c in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    ]
    return (solid[:, 0] > 0) & (torch.stack(beside).amin(0) == 0)


@final
@dataclass(frozen=True, kw_only=True)
class SparseConv(NamesShapes):
    """Names grids of voxels; the work grows with their surface, not with their volume."""

    takes = LabelledVolumeBatch
    batch_statistics = True
    compiles = ()  # type: ignore[assignment]
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    width: Width = 32
    """channels at the grid's own side; they double with each halving, to at most 8 times"""
    levels: Layers = 4
    """sides that blocks work at, each half of the one before"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    weight_decay: Weight = 1e-4
    """decay of the kernels in each step, as a share of the learning rate"""

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Volume)
        if kind.side < 2 ** (self.levels - 1):
            raise ConfigError(f"{self.levels} levels halve {kind.side} voxels a side away: use fewer --levels.")
        return SparseNetwork(kind.channels, classes, self.width, self.levels)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"classifier": AdamW("classifier", lr=self.lr, weight_decay=self.weight_decay)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"width": 8, "levels": 3, "batch": 16, "lr": 3e-3, "examples": 20_000},  # on a processor
}

PROOF = Proof(
    claim="Sparse convolution names grids of eight bodies from their surface alone with under half of the errors of"
    " logistic regression on volume and extents.",
    data="world:solid_grids",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.13},
    settings={
        "examples": 6_000,
        "batch": 16,
        "width": 6,
        "levels": 3,
        "lr": 5e-3,
        "resolution": 16,
        "held_out": 0.15,
    },
)
