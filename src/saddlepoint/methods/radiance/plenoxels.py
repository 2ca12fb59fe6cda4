"""Plenoxels: a scene as a sparse grid without a network. Fridovich-Keil et al. 2022, arXiv:2112.05131.

Paper                      here
grid, sigma, SH            corners of `side` cells along the cube; `grid.density` and `grid.harmonics` have rows of each
sigma = relu, c = .5 + SH  as there; a step of a ray is half a cell
coarse to fine             it begins with side / 2^`doublings` cells, and is doubled at equal parts of `finer_until`
pruning                    before each doubling, corners without density are dropped, but those two cells from some
TV (eq. 3)                 `density_tv`, `harmonics_tv`: on a hundredth of the corners a step, until the first doubling
RMSProp                    with the authors' first rates, which fall log-linearly over the run
The table has `capacity` rows, so that nothing changes its shape while the number of corners does. Where the views have
one background the grid begins on their visual hull. Pruning is by density, one of the paper's two rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Natural, Positive, Range, Share, Weight
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Optim, Part, Proof, RMSProp, Rows, Update
from saddlepoint.methods.families.radiance import Radiance, nearest_distance
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.kernels.interpolate import sparse_corners, weighted_rows
from saddlepoint.nn.render.hull import solid_cells
from saddlepoint.nn.render.march import Light, composite_listed
from saddlepoint.nn.render.occupancy import Occupancy, filled_samples
from saddlepoint.nn.render.rays import Rays, crossing
from saddlepoint.nn.render.surroundings import Surroundings

Side = Annotated[int, Range(least=8, most=512)]
Degree = Annotated[int, Range(least=0, most=3)]

_FIRST_DENSITY = 0.1
_HULL_CELLS = 64
_LOOK = 32  # steps between two looks at which cells have any density
_TV_SHARE = 0.01
_MARGIN = 2  # cells around what has density that are kept
_LEAST = 1e-2  # optical depth of a cell from where on its corners are kept


@final
class SparseGrid(nn.Module):
    """Corners of cells of a cube, some of which have a row: a density and 3 (degree + 1)^2 harmonics.

    rows: int32 [(side + 1)^3], the row of each corner in use, -1 without one; of a coarser grid, which `cells` says,
    the first (cells + 1)^3 count. Densities are per half of the cube's side.
    """

    rows: Tensor
    cells: Tensor

    def __init__(self, side: int, first: int, capacity: int, width: int) -> None:
        super().__init__()
        self.side, self.capacity = side, capacity
        self.register_buffer("rows", torch.full(((side + 1) ** 3,), -1, dtype=torch.int32))
        self.register_buffer("cells", torch.tensor(first))
        self.density = nn.Parameter(torch.full((capacity, 1), _FIRST_DENSITY))
        self.harmonics = nn.Parameter(torch.zeros(capacity, width))

    def use(self, corners: Tensor) -> None:
        """Give rows to the corners of a mask [(cells + 1)^3]. Raises ConfigError where there are more than rows."""
        count = int(corners.sum())
        if count > self.capacity:
            raise ConfigError(
                f"a grid of {int(self.cells)} cells a side has {count:,} corners in use, more than the"
                f" {self.capacity:,} of --capacity: give more, or a smaller --side."
            )
        self.rows.fill_(-1)
        self.rows[: len(corners)][corners] = torch.arange(count, dtype=torch.int32, device=self.rows.device)

    def owned(self) -> Tensor:
        """The rows of the grid in use.  int32 [(cells + 1)^3]"""
        return self.rows[: (int(self.cells) + 1) ** 3]

    def block(self, values: Tensor) -> Tensor:
        """A value of each corner, 0 where it has no row.  [capacity] -> [cells + 1] three times"""
        owned = self.owned()
        each = torch.where(owned >= 0, values[owned.clamp_min(0).long()], torch.zeros_like(values[:1]))
        return each.view(*[int(self.cells) + 1] * 3)

    def refine(self, kept: Tensor) -> None:
        """Halve the cells. kept: bool [cells] three times, cells whose eight parts stay."""
        cells, owned = int(self.cells), self.owned().clone()
        density, waves = self.density.detach().clone(), self.harmonics.detach().clone()
        self.cells.fill_(2 * cells)
        fine = kept.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)
        corners = corners_of(fine)
        self.use(corners.flatten())
        chosen = torch.nonzero(corners)
        for some in chosen.split(2**18):
            index, weight = sparse_corners(some / (2 * cells), cells, owned)
            rows = self.owned().view(*[2 * cells + 1] * 3)[some.unbind(1)].long()
            self.density[rows] = weighted_rows(density, index, weight)
            self.harmonics[rows] = weighted_rows(waves, index, weight)


def corners_of(cells: Tensor) -> Tensor:
    """The corners of some cells.  bool [n] three times -> bool [n + 1] three times"""
    padded = torch.nn.functional.pad(cells, (1, 1, 1, 1, 1, 1)).float()
    return torch.nn.functional.max_pool3d(padded[None, None], 2, 1)[0, 0] > 0


def cells_of(corners: Tensor) -> Tensor:
    """The cells that have some corners.  bool [n + 1] three times -> bool [n] three times"""
    return torch.nn.functional.max_pool3d(corners[None, None].float(), 2, 1)[0, 0] > 0


@final
@dataclass(frozen=True, kw_only=True)
class Plenoxels(Radiance):
    """One scene as a grid of densities and of colours that depend on the direction, filled by gradients alone."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 20}

    rays: Count = 250
    """rays that a step draws from each of its views"""
    side: Side = 256
    """cells along the cube at the end"""
    doublings: Annotated[int, Range(least=0, most=4)] = 1
    """times that the grid is doubled"""
    finer_until: Share = 0.3
    """share of the run at which the last doubling has been done"""
    capacity: Count = 3_000_000
    """most corners that have a row"""
    degree: Degree = 2
    """of the spherical harmonics of a colour"""
    density_lr: Positive = 30.0
    """learning rate of densities at first; it falls to a 600th over the run"""
    harmonics_lr: Positive = 1e-2
    """learning rate of harmonics at first; it falls to a 2000th"""
    density_tv: Weight = 1e-5
    """weight of the total variation of densities before the first doubling"""
    harmonics_tv: Weight = 1e-3
    """the same of harmonics"""
    rates_fall: Share = 1.0
    """share of that fall, as a logarithm, that a run gets to: 1 for all"""
    delay: Natural = 15_000
    """steps over which the densities' rate rises from a hundredth, along a sine"""

    def networks(self, data: DataSpec) -> Networks:
        self.refuse(data)
        first = self.side // 2**self.doublings
        if first * 2**self.doublings != self.side or first < 4:
            raise ConfigError(
                f"--side {self.side} cannot be halved {self.doublings} times to 4 cells or more: give"
                f" another --side or fewer --doublings."
            )
        grid = SparseGrid(self.side, first, self.capacity, 3 * (self.degree + 1) ** 2)
        return Networks(grid=grid, occupancy=Occupancy(first), surroundings=Surroundings())

    def optimisers(self) -> Mapping[str, Optim]:
        parts = (
            Part(paths=("grid.density",), rate=self._density_rate),
            Part(paths=("grid.harmonics",), rate=self._harmonics_rate),
        )
        return {"grid": RMSProp("grid", lr=1.0, alpha=0.95, eps=1e-8, parts=parts)}

    def _density_rate(self, clock: Clock) -> float:
        share = min(clock.step / self.delay, 1.0) if self.delay else 1.0
        return float(self.density_lr * (0.01 + 0.99 * math.sin(math.pi / 2 * share)) * self._fall(clock, 600))

    def _harmonics_rate(self, clock: Clock) -> float:
        return float(self.harmonics_lr * self._fall(clock, 2000))

    def _fall(self, clock: Clock, times: float) -> float:
        return float(times ** -(self.rates_fall * min(clock.examples / max(clock.total, 1), 1.0)))

    def begin(self, nets: Networks, images: Tensor, camera: Tensor, known: bool) -> None:
        around, grid = nets.surroundings, nets.grid
        cells = int(grid.cells)
        solid = torch.ones(cells, cells, cells)
        if known:
            side = min(cells, _HULL_CELLS)
            inside = solid_cells(images, camera, around.behind.cpu(), around.centre.cpu(), float(around.radius), side)
            block = inside.view(1, 1, side, side, side).float()
            solid = nn.functional.interpolate(block, size=(cells,) * 3, mode="nearest")[0, 0]
        grid.use(corners_of((solid > 0).to(grid.rows.device)).flatten())
        self._look(nets)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        _, colour, target = self.lit(nets, draw)
        losses = {"squared": (colour - target).square().mean()}
        if (self.density_tv or self.harmonics_tv) and int(nets.grid.cells) * 2**self.doublings == self.side:
            losses |= self._variation(nets.grid, draw)
        yield Update("grid", losses)

    def _variation(self, grid: SparseGrid, draw: Draw) -> dict[str, Tensor]:
        """How much neighbouring corners differ, at corners drawn at random."""
        used = torch.nonzero(grid.owned() >= 0)[:, 0]
        count = max(1, int(_TV_SHARE * len(used)))
        chosen = used[(draw.uniform(1, count)[0] * len(used)).long()]
        cells = int(grid.cells)
        steps = torch.tensor([(cells + 1) ** 2, cells + 1, 1], device=used.device)
        place = torch.stack((chosen // steps[0], chosen // steps[1] % (cells + 1), chosen % (cells + 1)), 1)
        beside = chosen[:, None] + steps * (place < cells)
        rows, others = grid.owned()[chosen].long(), grid.owned()[beside].long()
        known = others >= 0
        terms = {}
        for name, weight in (("density", self.density_tv), ("harmonics", self.harmonics_tv)):
            values = grid.get_parameter(name)
            apart = (values[others.clamp_min(0)] - values[rows][:, None]) * known[..., None]
            apart = apart * (256 / cells)
            variation = (apart.square().sum(1) + 1e-9).sqrt().sum(1).mean()
            terms[f"{name}_variation"] = weight * variation
        return terms

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Rows | None:
        grid = nets.grid
        done = round(math.log2(int(grid.cells) * 2**self.doublings / self.side))
        share = (clock.examples + clock.fresh) / max(clock.total, 1)
        if done < self.doublings and share >= self.finer_until * (done + 1) / self.doublings:
            grid.refine(self._kept(grid))
            self._look(nets)
            return {"grid": torch.ones(self.capacity, dtype=torch.bool, device=grid.rows.device)}
        if (clock.step + 1) % _LOOK == 0:
            self._look(nets)
        return None

    def _kept(self, grid: SparseGrid) -> Tensor:
        """Cells with density, and those around them as far as there are rows.  bool [cells] three times"""
        cells = int(grid.cells)
        depth = grid.block(grid.density.detach()[:, 0]) * 2 / cells
        within = cells_of(grid.owned().view(*[cells + 1] * 3) >= 0)
        least, margin = _LEAST if bool((depth > _LEAST).any()) else -1.0, _MARGIN
        while True:
            kept = cells_of(depth > least)[None, None].float()
            wide = (nn.functional.max_pool3d(kept, 2 * margin + 1, 1, margin)[0, 0] > 0) & within
            # Each corner of the coarse grid becomes eight at most.
            if 8 * int(corners_of(wide).sum()) <= self.capacity or not bool(wide.any()):
                return wide
            least, margin = (least, margin - 1) if margin else (max(2 * least, _LEAST), 0)

    def _look(self, nets: Networks) -> None:
        """Cells of the coarsest grid that have any density are marched through."""
        dense = cells_of(nets.grid.block(nets.grid.density.detach()[:, 0]) > 0)
        times = int(nets.grid.cells) // nets.occupancy.side
        coarse = nn.functional.max_pool3d(dense[None, None].float(), times)[0, 0] > 0
        nets.occupancy.allow(coarse.flatten())

    def light(self, nets: nn.Module, rays: Rays, chance: Tensor | None) -> Light:
        around: Any = nets.get_submodule("surroundings")
        grid: Any = nets.get_submodule("grid")
        occupancy: Any = nets.get_submodule("occupancy")
        radius, cells = float(around.radius), int(grid.cells)
        near, far = crossing(rays, around.centre, around.radius, nearest_distance(around))
        steps = math.ceil(2 * cells * math.sqrt(3))
        edges = torch.arange(steps + 1, device=near.device) * (radius / cells)

        def cube(place: Tensor) -> Tensor:
            return ((place - around.centre) / radius + 1) / 2  # type: ignore[no-any-return]

        samples = filled_samples(occupancy, rays, near, far, edges, chance, cube)
        index, weight = sparse_corners(samples.place, cells, grid.owned())
        density = torch.relu(weighted_rows(grid.density, index, weight)[:, 0])
        waves = weighted_rows(grid.harmonics, index, weight).unflatten(1, (3, -1))
        shade = (waves * harmonics(rays.ahead[samples.ray], self.degree)[:, None]).sum(2)
        colour = (shade + 0.5).clamp_min(0)
        return composite_listed(density, colour, samples.length / radius, samples.distance, samples.ray, len(rays))


# Settings by preset, with where each comes from: github.com/sxyu/svox2, opt/configs/syn.json.
PRESETS: dict[str, dict[str, Any]] = {
    "synthetic": {"side": 512, "examples": 2_560_000, "capacity": 20_000_000},
    "processor": {
        "side": 64,
        "degree": 1,
        "rays": 25,
        "delay": 0,
        "capacity": 200_000,
        "density_lr": 2.0,
        "rates_fall": 0.5,
    },  # ours
}

PROOF = Proof(
    claim="A grid of densities and harmonics, without a network, draws a scene from unseen cameras.",
    data="world:scene",
    measure="views",
    share=0.52,
    bars={"psnr": 23.0},
    settings={
        "resolution": 48,
        "held_out": 0.15,
        "batch": 20,
        "rays": 25,
        "examples": 20_000,
        "side": 48,
        "doublings": 1,
        "degree": 1,
        "density_lr": 2.0,
        "delay": 0,
        "capacity": 60_000,
        "rates_fall": 0.5,
    },
)
