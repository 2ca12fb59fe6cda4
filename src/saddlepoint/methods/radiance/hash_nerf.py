"""Hash NeRF: a radiance field over a hashed grid, learnt in minutes. Müller et al. 2022, arXiv:2201.05989.

Paper (Instant-NGP)        here
L, F, T, N_min, N_max      `levels`, `features`, `rows`, `coarsest`, `finest`
density MLP, colour MLP    `density`, `colour`: one and two hidden layers of `width`
occupancy grid             `cells` a side; it begins as the visual hull where the views have one background
ray marching               `steps` along the cube's diagonal
appearance (GLO)           `appearance`: a code of each view, to the colours alone. Martin-Brualla et al. 2021,
                           arXiv:2008.02268, section 4.1
Rays are a fixed number a step rather than samples; the networks' weights are not averaged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Natural, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, NumberedViewBatch
from saddlepoint.keyed import generator
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Part, Proof, Update
from saddlepoint.methods.families.radiance import Radiance, nearest_distance
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.layers.hash_grid import HashGrid
from saddlepoint.nn.render.hull import solid_cells
from saddlepoint.nn.render.march import Light, composite_listed
from saddlepoint.nn.render.occupancy import Occupancy, filled_samples
from saddlepoint.nn.render.rays import Rays, chosen_pixels, crossing, rays_through
from saddlepoint.nn.render.surroundings import Surroundings

Levels = Annotated[int, Range(least=1, most=32)]
Cells = Annotated[int, Range(least=8, most=256)]

_CODE = 16  # numbers that the density network hands to the colour network, the first of which is the density
_DEGREE = 3  # of the harmonics of a direction: four bands
_FIRST = 1.0  # logarithm of the density that a field begins with
_STEEPEST = 15.0  # logarithm of the largest density
_HULL_CELLS = 64  # a side of the grid that the hull is carved on
_HORIZON = 64.0  # radii of the scene up to which an unbounded one is marched through
_CONE = 1 / 256  # growth of a step with its distance in an unbounded scene


@final
class Field(nn.Module):
    """Density and colour of places in the unit cube."""

    def __init__(self, grid: HashGrid, width: int, appearance: int = 0) -> None:
        super().__init__()
        self.grid = grid
        self.density = nn.Sequential(
            nn.Linear(grid.width, width, bias=False), nn.ReLU(), nn.Linear(width, _CODE, bias=False)
        )
        wide = _CODE + (_DEGREE + 1) ** 2 + appearance
        self.colour = nn.Sequential(
            nn.Linear(wide, width, bias=False), nn.ReLU(), nn.Linear(width, width, bias=False), nn.ReLU(),
            nn.Linear(width, 3, bias=False), nn.Sigmoid(),
        )  # fmt: skip

    def densities(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """Per side of the cube, and the code that colours come from.  [M, 3] -> [M], [M, 16]"""
        code = self.density(self.grid(place)).float()
        return torch.exp((code[:, 0] + _FIRST).clamp_max(_STEEPEST)), code

    def forward(self, place: Tensor, ahead: Tensor, appearance: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[M, 3], unit directions [M, 3], codes [M, A] -> densities [M], colours [M, 3] in [0, 1]

        Codes change colours alone.
        """
        density, code = self.densities(place)
        parts = [code, harmonics(ahead, _DEGREE), *([] if appearance is None else [appearance])]
        return density, self.colour(torch.cat(parts, 1)).float()


@final
@dataclass(frozen=True, kw_only=True)
class HashNeRF(Radiance):
    """One scene as a small network over a hashed grid of features; empty space costs nothing."""

    takes = NumberedViewBatch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    rays: Count = 256
    """rays that a step draws from each of its views"""
    levels: Levels = 16
    """grids, from the coarsest to the finest"""
    features: Levels = 2
    """features of a corner of each grid"""
    rows: Count = 2**19
    """rows of a level's table, a power of two"""
    coarsest: Count = 16
    """cells a side of the coarsest grid"""
    finest: Count = 2048
    """cells a side of the finest grid"""
    width: Width = 64
    """of the networks' hidden layers"""
    cells: Cells = 128
    """a side of the grid that says where the scene is empty"""
    steps: Annotated[int, Range(least=16, most=8192)] = 1024
    """samples along the diagonal of the scene's cube"""
    space: Literal["cube", "unbounded"] = "cube"
    """cube: all lies in the cube that the cameras look at. unbounded: what is farther away is drawn into it"""
    table_lr: Positive = 1e-2
    """learning rate of features and networks; it falls to a tenth over the run"""
    decay: Weight = 1e-6
    """weight decay of the networks"""
    appearance: Natural = 0
    """numbers of a code of each training view, which takes up its exposure and tint (48 in NeRF in the wild); other
    views have the mean of all codes; 0 for none"""
    look_every: Count = 16
    """steps between two looks at which cells are empty"""
    look_share: Share = 0.25
    """of the cells that a look samples at random, beside as many of those that are filled"""

    def networks(self, data: DataSpec) -> Networks:
        self.refuse(data)
        grid = HashGrid(self.levels, self.features, self.rows, self.coarsest, self.finest)
        codes = {}
        if self.appearance:
            codes["appearance"] = nn.Embedding(max(data.examples, 1), self.appearance)
            nn.init.normal_(codes["appearance"].weight, std=0.01)
        field = Field(grid, self.width, self.appearance)
        return Networks(field=field, occupancy=Occupancy(self.cells), surroundings=Surroundings(), **codes)

    def optimisers(self) -> Mapping[str, Optim]:
        table = Part(paths=("field.grid",), rate=1.0)
        networks = ("field", "appearance") if self.appearance else ("field",)
        return {"field": Adam(*networks, lr=self._rate, betas=(0.9, 0.99), eps=1e-15, parts=(table,))}

    def _rate(self, clock: Clock) -> float:
        return float(self.table_lr * 0.1 ** min(clock.examples / max(clock.total, 1), 1.0))

    def begin(self, nets: Networks, images: Tensor, camera: Tensor, known: bool) -> None:
        if not known or self.space == "unbounded":
            return
        around, side = nets.surroundings, min(self.cells, _HULL_CELLS)
        solid = solid_cells(images, camera, around.behind.cpu(), around.centre.cpu(), float(around.radius), side)
        block = solid.view(1, 1, side, side, side).float()
        fine = torch.nn.functional.interpolate(block, size=(self.cells,) * 3, mode="nearest")
        nets.occupancy.allow(fine.flatten() > 0)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        chance = draw.uniform(len(views.image), self.rays, 3)
        pixel, target = chosen_pixels((views.image + 1) / 2, chance[..., :2])
        codes = nets.appearance(views.index).repeat_interleave(self.rays, 0) if self.appearance else None
        light = self._march(nets, rays_through(views.camera, pixel), chance[..., 2:].flatten(0, 1), codes)
        colour = light.over(nets.surroundings.behind)
        losses = {"huber": nn.functional.huber_loss(colour, target, delta=0.1)}
        if self.decay:
            weights = [part for name, part in nets.field.named_parameters() if not name.startswith("grid")]
            losses["decay"] = self.decay / 2 * torch.stack([weight.square().sum() for weight in weights]).sum()
        error = (colour - target).square().mean().detach()
        yield Update("field", losses, watch={"squared_error": error})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        if (clock.step + 1) % self.look_every:
            return
        step = math.sqrt(3) / self.steps

        def depth(place: Tensor) -> Tensor:
            return torch.cat([nets.field.densities(part)[0] * step for part in place.split(2**16)])

        nets.occupancy.look(depth, self.look_share, generator("occupancy", clock.step))

    def light(self, nets: nn.Module, rays: Rays, chance: Tensor | None) -> Light:
        codes = None
        if self.appearance:
            codes = nets.get_submodule("appearance").get_parameter("weight").mean(0).expand(len(rays), -1)
        return self._march(nets, rays, chance, codes)

    def _march(self, nets: nn.Module, rays: Rays, chance: Tensor | None, codes: Tensor | None) -> Light:
        """What comes along rays. codes: of their views' appearance, [R, A]."""
        around: Any = nets.get_submodule("surroundings")
        grid: Any = nets.get_submodule("occupancy")
        field: Any = nets.get_submodule("field")
        radius = float(around.radius)
        least = nearest_distance(around)
        if self.space == "cube":
            side = 2 * radius
            near, far = crossing(rays, around.centre, around.radius, least)
            edges = torch.arange(self.steps + 1, device=near.device) * (side * math.sqrt(3) / self.steps)
        else:
            side = 4 * radius
            near = torch.full_like(rays.cosine, least)
            far = torch.full_like(near, _HORIZON * radius)
            edges = self._growing(least, _HORIZON * radius, radius).to(near.device)

        def cube(place: Tensor) -> Tensor:
            place = (place - around.centre) / radius
            if self.space == "cube":
                return (place + 1) / 2
            return (contracted(place) + 2) / 4

        samples = filled_samples(grid, rays, near, far, edges, chance, cube)
        own = None if codes is None else codes[samples.ray]
        density, colour = field(samples.place, rays.ahead[samples.ray], own)
        return composite_listed(density, colour, samples.length / side, samples.distance, samples.ray, len(rays))

    def _growing(self, near: float, far: float, radius: float) -> Tensor:
        """Edges of steps that grow with their distance, counted from the nearest.  [S + 1]"""
        step, edges = 4 * radius * math.sqrt(3) / self.steps, [near]
        while edges[-1] < far:
            edges.append(edges[-1] + max(step, edges[-1] * _CONE))
        return torch.tensor(edges) - near


def contracted(place: Tensor) -> Tensor:
    """All of space in a ball of radius 2, as it is within radius 1.  Barron et al. 2022, arXiv:2111.12077, eq. 10"""
    length = place.norm(dim=-1, keepdim=True).clamp_min(1.0)
    return (2 - 1 / length) * place / length  # type: ignore[no-any-return]


# Settings by preset, with where each comes from: github.com/NVlabs/instant-ngp, configs/nerf/base.json.
PRESETS: dict[str, dict[str, Any]] = {
    "base": {"levels": 8, "features": 4, "examples": 560_000},
    "processor": {"rows": 2**15, "levels": 8, "finest": 128, "cells": 64, "steps": 128, "rays": 32},  # ours
}

PROOF = Proof(
    claim="A field of hashed features draws a scene from unseen cameras, far nearer to it than its nearest view.",
    data="world:scene",
    measure="views",
    share=0.6,
    bars={"psnr": 22.0},
    settings={
        "resolution": 48,
        "held_out": 0.15,
        "examples": 12_000,
        "batch": 16,
        "rays": 32,
        "rows": 2**15,
        "levels": 8,
        "finest": 128,
        "cells": 64,
        "steps": 128,
    },
)
