"""Values between the corners of grids: weighted rows of a table, with a backward pass of its own.

`weighted_rows` is the one operation; `grid_corners`, `hashed_corners` (Müller et al. 2022, arXiv:2201.05989, eq. 4) and
`sparse_corners` say which rows of a table stand at the eight corners around a place, and how much each counts. Several
grids can lie in one table, each from its own row on. Corners stand x slowest, then y, then z.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

PRIMES = (1, 2654435761, 805459861)
"""of the spatial hash, axis by axis"""
_WRAPPED = tuple(prime - 2**32 if prime >= 2**31 else prime for prime in PRIMES)  # the same lower 32 bits


def weighted_rows(table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Sums of rows of a table, each times a weight.  [T, F], integers [M, K], [M, K] -> [M, F]

    Gradients flow to the table alone.
    """
    result: Tensor = _WeightedRows.apply(table, index, weight)
    return result


def gathered_rows(table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """The readable form of `weighted_rows`, with gradients to the weights as well, and so to the places."""
    return (table[index] * weight[..., None]).sum(-2)


class _WeightedRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(index, weight)
        ctx.rows = len(table)
        if not len(index):
            return table.new_zeros(0, table.shape[1])
        return torch.nn.functional.embedding_bag(index, table, per_sample_weights=weight, mode="sum")

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        index, weight = ctx.saved_tensors
        flat = index.flatten()
        total = weight.new_zeros(slopes[0].shape[1], ctx.rows)
        for column, slope in zip(total, slopes[0].unbind(1)):  # column by column takes half the time of whole rows
            column.index_add_(0, flat, (weight * slope[:, None]).flatten())
        return total.T.contiguous(), None, None


def grid_corners(place: Tensor, sides: Tensor, begin: Tensor) -> tuple[Tensor, Tensor]:
    """Of grids whose every corner has a row.  [M, 3] in [0, 1], [L], [L] -> int32 [M, L, 8], [M, L, 8]

    sides: cells a side of each grid, whose (side + 1)^3 corners begin at the row `begin`.
    """
    low, rest = _cells(place, sides)
    step = (sides + 1).to(torch.int32)
    first = (low[..., 0] * step + low[..., 1]) * step + low[..., 2] + begin.to(torch.int32)
    corners = [(x * step + y) * step + z for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    return first[..., None] + torch.stack(corners, -1), _weights(rest)


def hashed_corners(place: Tensor, sides: Tensor, begin: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Of grids whose corners share `rows` rows by chance, a power of two.  As `grid_corners`"""
    low, rest = _cells(place, sides)
    axes = [torch.stack((low[..., axis], low[..., axis] + 1), -1) * _WRAPPED[axis] for axis in range(3)]
    x, y, z = axes
    both = (x[..., :, None] ^ y[..., None, :]).flatten(-2)
    whole = (both[..., :, None] ^ z[..., None, :]).flatten(-2)
    return (whole & (rows - 1)) + begin.to(torch.int32)[:, None], _weights(rest)


def sparse_corners(place: Tensor, side: int, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Of one grid of which some corners have a row; the others count as nothing.  [M, 3] -> int32 [M, 8], [M, 8]

    rows: int32 [(side + 1)^3], the row of each corner in the table, -1 where it has none.
    """
    sides = torch.tensor([float(side)], device=place.device, dtype=place.dtype)
    index, weight = grid_corners(place, sides, torch.zeros_like(sides))
    own = rows[index[:, 0]]
    return own.clamp_min(0), torch.where(own >= 0, weight[:, 0], torch.zeros_like(weight[:, 0]))


def _cells(place: Tensor, sides: Tensor) -> tuple[Tensor, Tensor]:
    """Whole corners before each place, and the rests.  int32 [M, L, 3], [M, L, 3]"""
    scaled = place[:, None] * sides[:, None]
    low = torch.minimum(scaled.detach().floor(), sides[:, None] - 1).clamp_min(0)
    return low.to(torch.int32), scaled - low


def _weights(rest: Tensor) -> Tensor:
    """Of the eight corners.  [M, L, 3] -> [M, L, 8]"""
    x, y, z = torch.stack((1 - rest, rest), -1).unbind(2)
    both = (x[..., :, None] * y[..., None, :]).flatten(-2)
    return (both[..., :, None] * z[..., None, :]).flatten(-2)
