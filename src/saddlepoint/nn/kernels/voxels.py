"""Grids of which few voxels are filled: coordinates, keys, rulebooks and octrees. Plain torch.

A voxel is a row (example, z, y, x). Its key is one whole number, so that neighbours are found in a sorted list. A
rulebook holds, for each offset of a kernel, the pairs of an input and an output voxel that it joins:
Graham et al. 2018, arXiv:1711.10275, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import final

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError

_MOST = 1 << 15
"""voxels a side, so that a key fits into 63 bits"""


@final
@dataclass(frozen=True)
class Sparse:
    """Features at some voxels of a batch of cubic grids.

    places: [V, 4] int64, example, z, y, x, sorted by key and without repetition. values: [V, C]. side: voxels a side.
    examples: how many grids there are.
    """

    places: Tensor
    values: Tensor
    side: int
    examples: int

    def having(self, values: Tensor) -> Sparse:
        """The same voxels with other features [V, D]."""
        return Sparse(self.places, values, self.side, self.examples)

    def dense(self) -> Tensor:
        """[examples, C, side, side, side], 0 where there is no voxel."""
        grid = self.values.new_zeros(self.examples, self.side, self.side, self.side, self.values.shape[1])
        grid[self.places.unbind(1)] = self.values
        return grid.permute(0, 4, 1, 2, 3)

    @classmethod
    def of(cls, volume: Tensor, filled: Tensor | None = None) -> Sparse:
        """The voxels of [N, C, side, side, side] where any channel is not 0, or where `filled` [N, side, ...] is.

        Raises ShapeError for boxes that are no cubes.
        """
        n, _, *sides = volume.shape
        if len(set(sides)) != 1 or sides[0] > _MOST:
            raise ShapeError(f"sparse grids are cubes of at most {_MOST:,} voxels a side, not {sides}.")
        places = torch.nonzero((volume != 0).any(1) if filled is None else filled)
        example, z, y, x = places.unbind(1)
        return cls(places, volume[example, :, z, y, x], sides[0], n)


def keys(places: Tensor, side: int) -> Tensor:
    """Voxels [V, 4] as one number each, in the order of example, z, y, x.  [V] int64"""
    example, z, y, x = places.unbind(1)
    return ((example * side + z) * side + y) * side + x


def offsets(size: int) -> list[tuple[int, int, int]]:
    """The voxels of a cube of odd side around its middle, in the order of a dense kernel's z, y, x."""
    reach = size // 2
    return list(product(range(-reach, reach + 1), repeat=3))  # type: ignore[arg-type]


Rules = list[tuple[Tensor, Tensor]]
"""for each offset, the rows of inputs and the rows of outputs that it joins"""


def neighbour_rules(places: Tensor, side: int, steps: Sequence[tuple[int, int, int]]) -> Rules:
    """Which voxels join which where outputs are the voxels themselves: a submanifold convolution.

    An output at p takes the input at p + offset. Outside of the grid there is nothing.
    """
    sorted_keys = keys(places, side)
    everywhere = torch.arange(len(places), device=places.device)
    rules: Rules = []
    for step in steps:
        there = places[:, 1:] + torch.tensor(step, device=places.device)
        inside = ((there >= 0) & (there < side)).all(1)
        wanted = keys(torch.cat((places[:, :1], there), 1), side)
        spot = torch.searchsorted(sorted_keys, wanted).clamp_max(max(len(places) - 1, 0))
        present = inside & (sorted_keys[spot] == wanted) if len(places) else inside
        rules.append((spot[present], everywhere[present]))
    return rules


def halved_rules(places: Tensor, side: int) -> tuple[Tensor, Rules]:
    """The voxels of a grid of half the side that hold any of these, [W, 4], and which join which for 2x2x2 kernels."""
    half = torch.cat((places[:, :1], places[:, 1:] // 2), 1)
    smaller = -(-side // 2)
    unique, row = torch.unique(keys(half, smaller), return_inverse=True)
    x, y, z = unique % smaller, unique // smaller % smaller, unique // smaller**2 % smaller
    coarse = torch.stack((unique // smaller**3, z, y, x), 1)
    corner = (places[:, 1:] % 2 * torch.tensor([4, 2, 1], device=places.device)).sum(1)
    rules = [(torch.nonzero(corner == number).flatten(), row[corner == number]) for number in range(8)]
    return coarse, rules


def grown(places: Tensor, side: int, steps: Sequence[tuple[int, int, int]]) -> Tensor:
    """All voxels that a regular convolution reaches from these: where its output may differ from nothing.  [W, 4]"""
    reached = []
    for step in steps:
        there = places[:, 1:] - torch.tensor(step, device=places.device)
        inside = ((there >= 0) & (there < side)).all(1)
        reached.append(keys(torch.cat((places[:, :1], there), 1)[inside], side))
    unique = torch.unique(torch.cat(reached))
    return torch.stack((unique // side**3, unique // side**2 % side, unique // side % side, unique % side), 1)


def children(places: Tensor) -> Tensor:
    """The eight voxels of a grid of twice the side in each of these, sorted by key.  [8 V, 4]"""
    corners = torch.tensor(list(product((0, 1), repeat=3)), device=places.device)
    finer = (places[:, None, 1:] * 2 + corners).reshape(-1, 3)
    return torch.cat((places[:, :1].repeat_interleave(8, 0), finer), 1)


def sorted_by_key(places: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Voxels in the order of their keys, and the order that brings them there.  [V, 4], [V]"""
    order = keys(places, side).argsort()
    return places[order], order


def convolved(values: Tensor, weight: Tensor, rules: Rules, outputs: int) -> Tensor:
    """Sums over offsets k of values[in] @ weight[k] at [out]: a sparse convolution.

    values: [V, C]. weight: [K, C, D]. Returns [outputs, D].
    """
    total = values.new_zeros(outputs, weight.shape[2])
    for (source, target), matrix in zip(rules, weight):
        if len(source):
            total = total.index_add(0, target, (values[source] @ matrix).to(total.dtype))
    return total


def pooled(values: Tensor, rules: Rules, outputs: int) -> Tensor:
    """The largest of each number over the inputs that are joined to an output.  [outputs, C]"""
    source = torch.cat([pair[0] for pair in rules])
    target = torch.cat([pair[1] for pair in rules])
    start = values.new_full((outputs, values.shape[1]), -torch.inf)
    index = target[:, None].expand(-1, values.shape[1])
    return start.scatter_reduce(0, index, values[source], "amax")
