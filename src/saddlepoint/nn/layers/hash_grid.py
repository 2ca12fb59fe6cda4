"""Features of places on grids of many sizes, whose corners share rows of a table. Müller et al. 2022, arXiv:2201.05989.

Section 3 of the paper: levels grow from `coarsest` to `finest` cells a side by one factor. A level whose corners all
fit into its part of the table has a row for each; of finer ones the corners are hashed, and which of those that share a
row matters is left to the gradients.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.errors import ConfigError
from saddlepoint.nn.kernels.interpolate import gathered_rows, grid_corners, hashed_corners, weighted_rows

_AT_ONCE = 2**14  # places


@final
class HashGrid(nn.Module):
    """Places [M, 3] in [0, 1]^3 as features [M, levels * features].

    rows: of a level's part of the table at most, a power of two. coarsest, finest: cells a side of the first and the
    last level. Gradients reach places only where they need them, which takes longer.
    """

    sides: Tensor
    begins: Tensor

    def __init__(self, levels: int, features: int, rows: int, coarsest: int, finest: int) -> None:
        super().__init__()
        if finest < coarsest or rows & (rows - 1):
            raise ConfigError(
                f"a hash grid grows from {coarsest} to {finest} cells a side in a table of {rows:,} rows: the finest"
                " must not be coarser than the coarsest, and the rows a power of two."
            )
        growth = (finest / coarsest) ** (1 / max(levels - 1, 1))
        sides = [int(coarsest * growth**level + 1e-6) for level in range(levels)]
        sizes = [min((side + 1) ** 3, rows) for side in sides]
        self.rows, self.features = rows, features
        self.dense = sum((side + 1) ** 3 <= rows for side in sides)
        self.width = levels * features
        self.register_buffer("sides", torch.tensor(sides, dtype=torch.float32), persistent=False)
        begins = [sum(sizes[:level]) for level in range(levels)]
        self.register_buffer("begins", torch.tensor(begins, dtype=torch.int32), persistent=False)
        self.table = nn.Parameter(torch.empty(sum(sizes), features).uniform_(-1e-4, 1e-4))

    def corners(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the table and weights, level by level within a place.  [M, 3] -> int32 [M L, 8], [M L, 8]

        Many places are looked up part by part, so that what is between takes no memory beside the answers.
        """
        if place.requires_grad or len(place) <= _AT_ONCE:
            return self._corners(place)
        levels = len(self.sides)
        index = torch.empty(len(place) * levels, 8, dtype=torch.int32, device=place.device)
        weight = place.new_empty(len(place) * levels, 8)
        for begin in range(0, len(place), _AT_ONCE):
            rows = slice(begin * levels, (begin + _AT_ONCE) * levels)
            index[rows], weight[rows] = self._corners(place[begin : begin + _AT_ONCE])
        return index, weight

    def _corners(self, place: Tensor) -> tuple[Tensor, Tensor]:
        own, sides = self.dense, self.sides.to(place.dtype)
        parts = []
        if own:
            parts.append(grid_corners(place, sides[:own], self.begins[:own]))
        if own < len(sides):
            parts.append(hashed_corners(place, sides[own:], self.begins[own:], self.rows))
        index, weight = (torch.cat(each, 1).flatten(0, 1) for each in zip(*parts))
        return index, weight

    def forward(self, place: Tensor) -> Tensor:
        """See the class."""
        look = gathered_rows if place.requires_grad else weighted_rows
        return look(self.table, *self.corners(place)).view(len(place), self.width)
