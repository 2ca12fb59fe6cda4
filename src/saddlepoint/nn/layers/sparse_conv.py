"""Convolutions of grids of which few voxels are filled: at the voxels themselves, on grids that grow, halving.
Graham et al. 2018, arXiv:1711.10275; Choy et al. 2019 (Minkowski networks), arXiv:1904.08755.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.kernels.voxels import (
    Rules,
    Sparse,
    convolved,
    grown,
    halved_rules,
    keys,
    neighbour_rules,
    offsets,
)


def _weight(count: int, inputs: int, outputs: int) -> nn.Parameter:
    """Kaiming's start for ReLU, [offsets, inputs, outputs]."""
    return nn.Parameter(torch.randn(count, inputs, outputs) * math.sqrt(2 / (count * inputs)))


@final
class SubmanifoldConv(nn.Module):
    """A convolution whose outputs are the voxels of its input: what is empty stays empty.

    rules may be shared by layers on the same voxels.
    """

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.steps = offsets(size)
        self.weight = _weight(len(self.steps), inputs, outputs)

    def rules(self, grid: Sparse) -> Rules:
        """Which voxels join which."""
        return neighbour_rules(grid.places, grid.side, self.steps)

    def forward(self, grid: Sparse, rules: Rules | None = None) -> Sparse:
        rules = self.rules(grid) if rules is None else rules
        return grid.having(convolved(grid.values, self.weight, rules, len(grid.places)))


@final
class GrowingConv(nn.Module):
    """A regular convolution: its outputs are all voxels that its kernel reaches, so the filled part grows."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.steps = offsets(size)
        self.weight = _weight(len(self.steps), inputs, outputs)

    def forward(self, grid: Sparse) -> Sparse:
        places = grown(grid.places, grid.side, self.steps)
        row = torch.searchsorted(keys(places, grid.side), keys(grid.places, grid.side))
        rules = neighbour_rules(places, grid.side, self.steps)
        values = grid.values.new_zeros(len(places), grid.values.shape[1]).index_copy(0, row, grid.values)
        return Sparse(places, convolved(values, self.weight, rules, len(places)), grid.side, grid.examples)


@final
class HalvingConv(nn.Module):
    """A convolution of 2x2x2 in steps of 2: its outputs are the voxels of half the side that hold any."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = _weight(8, inputs, outputs)

    def forward(self, grid: Sparse) -> Sparse:
        places, rules = halved_rules(grid.places, grid.side)
        values = convolved(grid.values, self.weight, rules, len(places))
        return Sparse(places, values, -(-grid.side // 2), grid.examples)


@final
class SparseNorm(nn.Module):
    """Batch norm over all voxels of the batch, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, grid: Sparse) -> Sparse:
        return grid.having(self.norm(grid.values).relu())


def mean_of_each(grid: Sparse) -> Tensor:
    """The mean over the voxels of each example, 0 for one without any.  [examples, C]"""
    example = grid.places[:, 0]
    total = grid.values.new_zeros(grid.examples, grid.values.shape[1]).index_add(0, example, grid.values)
    count = torch.bincount(example, minlength=grid.examples).clamp_min(1)
    return total / count[:, None]
