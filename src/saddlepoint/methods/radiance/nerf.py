"""NeRF: a scene as a network of place and direction, sampled twice. Mildenhall et al. 2020, arXiv:2003.08934.

Paper                      here
gamma, L = 10 and 4        `frequencies`: `octaves` of a place, `view_octaves` of a direction
F_Theta, 8 layers of 256   `coarse` and `fine`, of `width`; the place enters again after layer `skip`
N_c, N_f                   `samples` evenly along a ray, `fine_samples` more where the coarse pass found light
C_c, C_f                   both are trained, eq. 6
Rays are marched through the cube that the cameras look at rather than between two planes, and the last sample stands
for what is left of it. Where the background is known, the first steps draw rays near the middle of the pictures alone,
as the authors' code does, lest all densities die on an empty border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Natural, Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.radiance import Radiance, nearest_distance
from saddlepoint.nn.layers.frequencies import frequencies
from saddlepoint.nn.render.march import Light, by_weight, composite, lengths, stratified
from saddlepoint.nn.render.rays import Rays, chosen_pixels, crossing, rays_through
from saddlepoint.nn.render.surroundings import Surroundings

Octaves = Annotated[int, Range(least=0, most=20)]


@final
class Field(nn.Module):
    """Density and colour of places in [-1, 1]^3 seen from directions."""

    def __init__(self, octaves: int, view_octaves: int, layers: int, width: int, skip: int) -> None:
        super().__init__()
        self.octaves, self.view_octaves, self.skip = octaves, view_octaves, skip
        place, view = 3 + 6 * octaves, 3 + 6 * view_octaves
        wide = [place] + [width + place * (layer == skip) for layer in range(1, layers)]
        self.trunk = nn.ModuleList(nn.Linear(size, width) for size in wide)
        self.density = nn.Linear(width, 1)
        self.feature = nn.Linear(width, width)
        self.colour = nn.Sequential(
            nn.Linear(width + view, width // 2), nn.ReLU(), nn.Linear(width // 2, 3), nn.Sigmoid()
        )
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """[M, 3], unit directions [M, 3] -> what the density is made of [M], colours [M, 3] in [0, 1]"""
        waves = frequencies(place, self.octaves)
        hidden = waves
        for number, layer in enumerate(self.trunk):
            if 0 < number == self.skip:
                hidden = torch.cat((waves, hidden), 1)  # after the ReLU of the layer before
            hidden = torch.relu(layer(hidden))
        wide = torch.cat((self.feature(hidden), frequencies(ahead, self.view_octaves)), 1)
        return self.density(hidden)[:, 0].float(), self.colour(wide).float()


@final
@dataclass(frozen=True, kw_only=True)
class NeRF(Radiance):
    """One scene as the weights of a network, sampled evenly and then again where light comes from."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}
    rays_at_once = 1024

    octaves: Octaves = 10
    """frequencies of a place (L)"""
    view_octaves: Octaves = 4
    """frequencies of a direction"""
    layers: Layers = 8
    """before the density"""
    width: Width = 256
    """of the layers"""
    skip: Natural = 5
    """layer that the place enters again, counted from 0; 0 for none"""
    samples: Count = 64
    """of a ray in the coarse pass (N_c)"""
    fine_samples: Natural = 128
    """more of a ray in the fine pass (N_f); 0 for no fine pass"""
    noise: Weight = 0.0
    """deviation of noise on densities in training: 1 for photographs in the paper's code, 0 for rendered scenes"""
    middle_steps: Natural = 500
    """first steps that draw rays from the middle of the pictures alone, a quarter of them"""
    lr: Positive = 5e-4
    """learning rate; it falls to a tenth over the run"""

    def networks(self, data: DataSpec) -> Networks:
        self.refuse(data)
        sizes = (self.octaves, self.view_octaves, self.layers, self.width, self.skip)
        fields = {name: Field(*sizes) for name in self._passes()}
        return Networks(**fields, surroundings=Surroundings())

    def _passes(self) -> tuple[str, ...]:
        return ("coarse", "fine") if self.fine_samples else ("coarse",)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"field": Adam(*self._passes(), lr=self._rate, eps=1e-7)}

    def _rate(self, clock: Clock) -> float:
        return float(self.lr * 0.1 ** min(clock.examples / max(clock.total, 1), 1.0))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views: ViewBatch = draw()
        n = len(views.image)
        chance = draw.uniform(n, self.rays, 2 + self.samples + self.fine_samples)
        place = chance[..., :2]
        if clock.step < self.middle_steps:
            place = 0.25 + 0.5 * place
        pixel, target = chosen_pixels((views.image + 1) / 2, place)
        noise = draw.noise(n, self.rays, 2 * self.samples + self.fine_samples) if self.noise else None
        rays = rays_through(views.camera, pixel)
        lights = self.passes(nets, rays, chance[..., 2:].flatten(0, 1), None if noise is None else noise.flatten(0, 1))
        behind = nets.surroundings.behind
        losses = {name: (light.over(behind) - target).square().mean() for name, light in zip(self._passes(), lights)}
        yield Update("field", losses)

    def passes(self, nets: nn.Module, rays: Rays, chance: Tensor | None, noise: Tensor | None = None) -> list[Light]:
        """The light of the coarse pass and, where there is one, of the fine pass.

        chance: [R, N_c + N_f] in [0, 1), None for samples that are the same every time. noise: [R, 2 N_c + N_f],
        N(0, 1).
        """
        around: Any = nets.get_submodule("surroundings")
        near, far = crossing(rays, around.centre, around.radius, nearest_distance(around))
        first = stratified(near, far, self.samples, None if chance is None else chance[:, : self.samples])
        lights = [self._march(nets, "coarse", rays, first, far, None if noise is None else noise[:, : self.samples])]
        if self.fine_samples:
            if chance is None:
                middle = (torch.arange(self.fine_samples, device=near.device) + 0.5) / self.fine_samples
                where = middle.expand(len(rays), -1)
            else:
                where = chance[:, self.samples :]
            edges = (first[:, 1:] + first[:, :-1]) / 2
            more = by_weight(edges, lights[0].weight[:, 1:-1], where)
            every = torch.cat((first, more), 1).sort(1).values
            rest = None if noise is None else noise[:, self.samples :]
            lights.append(self._march(nets, "fine", rays, every, far, rest))
        return lights

    def _march(
        self, nets: nn.Module, name: str, rays: Rays, distance: Tensor, far: Tensor, noise: Tensor | None
    ) -> Light:
        around: Any = nets.get_submodule("surroundings")
        place = (rays.at(distance) - around.centre) / around.radius
        ahead = rays.ahead[:, None].expand_as(place)
        inside = (lengths(distance, far) > 0).any(1)  # rays that miss the cube ask nothing of the network
        raw, colour = nets.get_submodule(name)(place[inside].flatten(0, 1), ahead[inside].flatten(0, 1))
        count = distance.shape[1]
        raw, colour = raw.view(-1, count), colour.view(-1, count, 3)
        if noise is not None:
            raw = raw + self.noise * noise[inside]
        length = lengths(distance, far)[inside] / around.radius
        lit = composite(torch.relu(raw), colour, length, distance[inside])
        rows = torch.nonzero(inside)[:, 0]

        def spread(values: Tensor) -> Tensor:
            return values.new_zeros(len(rays), *values.shape[1:]).index_copy(0, rows, values)

        return Light(spread(lit.colour), spread(lit.opacity), spread(lit.distance), spread(lit.weight))

    def light(self, nets: nn.Module, rays: Rays, chance: Tensor | None) -> Light:
        return self.passes(nets, rays, None)[-1]


# Settings by preset, with where each comes from: github.com/bmild/nerf, paper_configs.
PRESETS: dict[str, dict[str, Any]] = {
    "blender": {"examples": 500_000},
    "llff": {"rays": 512, "batch": 8, "examples": 1_600_000, "samples": 64, "fine_samples": 64, "noise": 1.0},
}

PROOF = Proof(
    claim="A network of place and direction draws a scene from unseen cameras, nearer to it than its nearest view.",
    data="world:scene",
    measure="views",
    share=0.8,
    settings={
        "resolution": 32,
        "held_out": 0.15,
        "examples": 1_800,
        "rays": 128,
        "octaves": 5,
        "view_octaves": 2,
        "layers": 4,
        "width": 48,
        "skip": 2,
        "samples": 20,
        "fine_samples": 20,
        "middle_steps": 100,
        "lr": 5e-3,
    },
)
