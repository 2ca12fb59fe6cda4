"""Which cells of a scene's cube hold anything, so that samples elsewhere are left out. Müller et al. 2022, app. E.3.

A cell keeps the optical depth that a step through it had lately: its old value fades by `FADE` a look, or is replaced
by what is there now where that is more. arXiv:2201.05989.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

FADE = 0.95
"""of a cell's depth from one look to the next"""
LEAST = 0.01
"""optical depth of a step from where on a cell counts as filled, where the mean of all is not less"""


@final
class Occupancy(nn.Module):
    """side^3 cells of the unit cube, x slowest.

    depth: of one step through each, float32. possible: cells that may ever be filled, bool. filled: bool.
    All cells are filled until the first look.
    """

    depth: Tensor
    possible: Tensor
    filled: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.register_buffer("depth", torch.zeros(side**3))
        self.register_buffer("possible", torch.ones(side**3, dtype=torch.bool))
        self.register_buffer("filled", torch.ones(side**3, dtype=torch.bool))

    def centres(self) -> Tensor:
        """Of all cells, in [0, 1]^3.  [side^3, 3]"""
        return self._places(torch.arange(self.side**3, device=self.depth.device), None)

    def allow(self, cells: Tensor) -> None:
        """Begin anew with these cells alone, bool [side^3], and the 26 around each."""
        block = cells.view(1, 1, self.side, self.side, self.side).float()
        self.possible.copy_(torch.nn.functional.max_pool3d(block, 3, 1, 1).flatten() > 0)
        self.filled.copy_(self.possible)

    def forward(self, place: Tensor) -> Tensor:
        """Whether places lie in filled cells; nothing outside the cube does.  [..., 3] -> bool [...]"""
        cell = (place * self.side).floor().long()
        inside = ((cell >= 0) & (cell < self.side)).all(-1)
        x, y, z = cell.clamp(0, self.side - 1).unbind(-1)
        return self.filled[(x * self.side + y) * self.side + z] & inside

    @torch.no_grad()
    def look(self, optical_depth: Callable[[Tensor], Tensor], share: float, stream: torch.Generator) -> None:
        """Look at a share of the possible cells at random, and at as many of the filled ones, at a place in each.

        optical_depth: of a step at places [M, 3] in [0, 1]^3: [M].
        """
        possible = torch.nonzero(self.possible).flatten()
        if not len(possible):
            return
        count = math.ceil(len(possible) * share)
        cells = possible
        if share < 1:
            some = possible[torch.randint(len(possible), (count,), generator=stream).to(possible.device)]
            filled = torch.nonzero(self.filled).flatten()
            if len(filled):
                again = filled[torch.randint(len(filled), (min(count, len(filled)),), generator=stream).to(some.device)]
                some = torch.cat((some, again))
            cells = some.unique()
        now = optical_depth(self._places(cells, torch.rand(len(cells), 3, generator=stream)))
        self.depth.mul_(FADE)
        self.depth[cells] = torch.maximum(self.depth[cells], now.float())
        least = min(float(self.depth[possible].mean()), LEAST)
        self.filled.copy_(self.possible & (self.depth > least))
        if not bool(self.filled.any()):
            self.filled.copy_(self.possible)

    def _places(self, cells: Tensor, chance: Tensor | None) -> Tensor:
        side = self.side
        corner = torch.stack((cells // side**2, cells // side % side, cells % side), 1)
        return (corner + (0.5 if chance is None else chance.to(corner.device))) / side
