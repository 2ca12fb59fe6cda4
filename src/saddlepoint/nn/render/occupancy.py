"""Which cells of a scene's cube hold anything, so that samples elsewhere are left out. Müller et al. 2022, app. E.3.

A cell keeps the optical depth that a step through it had lately: its old value fades by `FADE` a look, or is replaced
by what is there now where that is more. arXiv:2201.05989.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.render.rays import Rays

FADE = 0.95
"""of a cell's depth from one look to the next"""
LEAST = 0.01
"""optical depth of a step from where on a cell counts as filled, where the mean of all is not less"""

SPAN = 8
"""steps of a ray that are looked up at once before each of them is"""
COARSER = 4
"""times larger cells that spans are looked up in; a span must not be longer than two of them"""


@final
class Occupancy(nn.Module):
    """side^3 cells of the unit cube, x slowest.

    depth: of one step through each, float32. possible: cells that may ever be filled, bool. filled: bool. coarse:
    whether anything is filled in each of a coarser grid's cells or beside it.
    All cells are filled at first, and stay so for some looks, until it is known what is there.
    """

    depth: Tensor
    possible: Tensor
    filled: Tensor
    coarse: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.register_buffer("depth", torch.full((side**3,), 2 * LEAST))
        self.register_buffer("possible", torch.ones(side**3, dtype=torch.bool))
        self.register_buffer("filled", torch.ones(side**3, dtype=torch.bool))
        coarse = side // COARSER if side % COARSER == 0 and side >= 2 * COARSER else 1
        self.register_buffer("coarse", torch.ones(coarse**3, dtype=torch.bool))

    def centres(self) -> Tensor:
        """Of all cells, in [0, 1]^3.  [side^3, 3]"""
        return self._places(torch.arange(self.side**3, device=self.depth.device), None)

    def allow(self, cells: Tensor) -> None:
        """Begin anew with these cells alone, bool [side^3]."""
        self.possible.copy_(cells)
        self._fill(cells)

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
        filled = self.possible & (self.depth > least)
        self._fill(filled if bool(filled.any()) else self.possible)

    def near(self, place: Tensor) -> Tensor:
        """Whether anything near places is filled, in their coarser cell or beside it.  [M, 3] -> bool [M]"""
        side = round(len(self.coarse) ** (1 / 3))
        x, y, z = (place * side).long().clamp(0, side - 1).unbind(-1)
        return self.coarse[(x * side + y) * side + z]

    def _fill(self, cells: Tensor) -> None:
        self.filled.copy_(cells)
        side = round(len(self.coarse) ** (1 / 3))
        block = cells.view(1, 1, self.side, self.side, self.side).float()
        block = torch.nn.functional.max_pool3d(block, self.side // side)
        self.coarse.copy_(torch.nn.functional.max_pool3d(block, 3, 1, 1).flatten() > 0)

    def _places(self, cells: Tensor, chance: Tensor | None) -> Tensor:
        side = self.side
        corner = torch.stack((cells // side**2, cells // side % side, cells % side), 1)
        return (corner + (0.5 if chance is None else chance.to(corner.device))) / side


@dataclass(frozen=True)
class Samples:
    """Places along rays in one list, ray by ray and from front to back.

    ray: int64 [M]. place: [M, 3], in the cube [0, 1]^3 of a scene. distance, length: [M], from the ray's start and of
    what each stands for.
    """

    ray: Tensor
    place: Tensor
    distance: Tensor
    length: Tensor


@torch.no_grad()
def filled_samples(
    grid: Occupancy,
    rays: Rays,
    near: Tensor,
    far: Tensor,
    edges: Tensor,
    chance: Tensor | None,
    cube: Callable[[Tensor], Tensor],
) -> Samples:
    """The places along rays that lie in filled cells, at one distance between each two neighbouring edges.

    near, far: [R]. edges: [S + 1], ascending from 0, counted from `near`. chance: [R, 1] in [0, 1), where between its
    edges each sample of a ray lies; None for the middle. cube: places of the world in the unit cube.
    Spans of `SPAN` steps are first looked up in a coarser grid, with what is around each of its cells.
    """
    count = len(edges) - 1
    spans = -(-count // SPAN)
    padded = torch.cat((edges, edges[-1:].expand(spans * SPAN - count)))
    reached = near[:, None] + edges[:-1:SPAN]
    middle = near[:, None] + (padded[:-1:SPAN] + padded[SPAN::SPAN]) / 2
    worth = (reached < far[:, None]).nonzero()
    centre = rays.start[worth[:, 0]] + rays.ahead[worth[:, 0]] * middle[worth[:, 0], worth[:, 1], None]
    worth = worth[grid.near(cube(centre))]
    step = (worth[:, 1:] * SPAN + torch.arange(SPAN, device=worth.device)).flatten()
    ray = worth[:, 0].repeat_interleave(SPAN)
    low, high = padded[step], padded[step + 1] if len(step) else padded[step]
    within = 0.5 if chance is None else chance[:, 0][ray]
    distance = near[ray] + low + (high - low) * within
    place = cube(rays.start[ray] + rays.ahead[ray] * distance[:, None])
    kept = (grid(place) & (distance < far[ray]) & (high > low)).nonzero()[:, 0]
    return Samples(ray[kept], place[kept], distance[kept], (high - low)[kept])
