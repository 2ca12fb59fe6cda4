"""Mip-NeRF: a radiance field that is asked for cones, for views of any size. Barron et al. 2021, arXiv:2103.13415.

Paper                      here
conical frustums, eq. 7    `nn.render.cones`; a pixel's cone has the variance of the pixel
IPE, eq. 14                `smoothed_frequencies`: `octaves` (16), without the place itself
one MLP, eq. 17            `field` in both passes; the coarse one counts a tenth (lambda)
N                          `samples` pieces in each pass; the second looks at its own alone
alpha, eq. 18              `floor` of the weights that the second pass draws by
multiscale training        `scales`: views are averaged down to halves as well, each size as often as the others
softplus, colours          densities are softplus(. - 1), colours reach a thousandth beyond 0 and 1
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Natural, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.radiance import Radiance, nearest_distance
from saddlepoint.nn.layers.frequencies import frequencies, smoothed_frequencies
from saddlepoint.nn.render.cones import PIXEL, blurred, frustums
from saddlepoint.nn.render.march import Light, by_weight, composite
from saddlepoint.nn.render.rays import Rays, chosen_pixels, crossing, pixel_centres, rays_through
from saddlepoint.nn.render.surroundings import Surroundings

Octaves = Annotated[int, Range(least=1, most=20)]
Scales = Annotated[int, Range(least=1, most=6)]

_BEYOND = 1e-3  # how far colours reach beyond 0 and 1
_COARSE = 0.1  # what the coarse pass counts in the loss


@final
class Field(nn.Module):
    """What the density is made of, and the colour, of Gaussians in [-1, 1]^3 seen from directions."""

    def __init__(self, octaves: int, view_octaves: int, layers: int, width: int, skip: int) -> None:
        super().__init__()
        self.octaves, self.view_octaves, self.skip = octaves, view_octaves, skip
        place, view = 6 * octaves, 3 + 6 * view_octaves
        wide = [place] + [width + place * (layer == skip) for layer in range(1, layers)]
        self.trunk = nn.ModuleList(nn.Linear(size, width) for size in wide)
        self.density = nn.Linear(width, 1)
        self.feature = nn.Linear(width, width)
        self.colour = nn.Sequential(nn.Linear(width + view, width // 2), nn.ReLU(), nn.Linear(width // 2, 3))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, mean: Tensor, variance: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """[M, 3] three times, the last unit directions -> densities [M], colours [M, 3] about in [0, 1]"""
        waves = smoothed_frequencies(mean, variance, self.octaves)
        hidden = waves
        for number, layer in enumerate(self.trunk):
            if 0 < number == self.skip:
                hidden = torch.cat((waves, hidden), 1)  # after the ReLU of the layer before
            hidden = torch.relu(layer(hidden))
        wide = torch.cat((self.feature(hidden), frequencies(ahead, self.view_octaves)), 1)
        density = nn.functional.softplus(self.density(hidden)[:, 0].float() - 1)
        return density, self.colour(wide).float().sigmoid() * (1 + 2 * _BEYOND) - _BEYOND


@final
@dataclass(frozen=True, kw_only=True)
class MipNeRF(Radiance):
    """One scene as the weights of a network, which knows how large a piece of space it is asked for."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}
    rays_at_once = 1024

    octaves: Octaves = 16
    """frequencies of a place"""
    view_octaves: Natural = 4
    """frequencies of a direction"""
    layers: Layers = 8
    """before the density"""
    width: Width = 256
    """of the layers"""
    skip: Natural = 5
    """layer that the place enters again, counted from 0; 0 for none"""
    samples: Count = 128
    """pieces of a cone in each of the two passes"""
    floor: Weight = 0.01
    """what is added to the weights by which the second pass draws its pieces"""
    scales: Scales = 1
    """sizes that training shows: 1 for the views' own, 4 for their halves, quarters and eighths as well"""
    cones: bool = True
    """whether the network is told how wide a piece is; without, cones are rays, as in nerf"""
    warm_up: Share = 0.0025
    """share of the run over which the learning rate rises from a hundredth of itself"""
    lr: Positive = 5e-4
    """learning rate; it falls to a hundredth over the run"""

    def networks(self, data: DataSpec) -> Networks:
        self.refuse(data)
        image = data.image("image")
        if min(image.height, image.width) % 2 ** (self.scales - 1):
            raise ConfigError(
                f"--scales {self.scales} halves the views {self.scales - 1} times, which {image.width}x{image.height}"
                " pixels do not allow: give a --resolution that it divides, or fewer scales."
            )
        field = Field(self.octaves, self.view_octaves, self.layers, self.width, self.skip)
        return Networks(field=field, surroundings=Surroundings())

    def optimisers(self) -> Mapping[str, Optim]:
        return {"field": Adam("field", lr=self._rate, eps=1e-8)}

    def _rate(self, clock: Clock) -> float:
        share = min(clock.examples / max(clock.total, 1), 1.0)
        risen = 1.0 if share >= self.warm_up else math.sin(math.pi / 2 * share / self.warm_up)
        return float(self.lr * (0.01 + 0.99 * risen) * 0.01**share)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views: ViewBatch = draw()
        n, pieces = len(views.image), self.samples + 1
        chance = draw.uniform(n, self.rays, 2 + 2 * pieces)
        level = torch.randint(self.scales, (1,), generator=generator("size of views", clock.step))
        times = 2 ** int(level)  # alike for all views of a step
        image = nn.functional.avg_pool2d((views.image + 1) / 2, times)
        camera = smaller(views.camera, times)
        pixel, target = chosen_pixels(image, chance[..., :2])
        rays, radius = self._cones(camera, pixel)
        lights = self.passes(nets, rays, radius, chance[..., 2:].flatten(0, 1))
        behind = nets.surroundings.behind
        coarse, fine = ((light.over(behind) - target).square().mean() for light in lights)
        yield Update("field", {"coarse": _COARSE * coarse, "fine": fine})

    def _cones(self, camera: Tensor, pixel: Tensor) -> tuple[Rays, Tensor]:
        """The rays of pixels [n, k, 2] of cameras [n, 22], and the radius of each cone at distance 1, [n k]."""
        rays = rays_through(camera, pixel)
        focal = camera[:, None, 16].expand(pixel.shape[:2]).flatten()
        return rays, PIXEL * rays.cosine / focal * float(self.cones)

    def passes(self, nets: nn.Module, rays: Rays, radius: Tensor, chance: Tensor | None) -> list[Light]:
        """The light of the coarse pass and of the fine pass.

        radius: [R]. chance: [R, 2 (samples + 1)] in [0, 1), None for pieces that are the same every time.
        """
        around: Any = nets.get_submodule("surroundings")
        near, far = crossing(rays, around.centre, around.radius, nearest_distance(around))
        count = self.samples + 1
        part = torch.arange(count, device=near.device, dtype=near.dtype)
        within = part if chance is None else (part - 0.5 + chance[:, :count]).clamp(0, self.samples)
        edges = near[:, None] + (far - near)[:, None] * within / self.samples
        lights = [self._march(nets, rays, radius, edges)]
        place = (part + (0.5 if chance is None else chance[:, count:])) / count
        drawn = blurred(lights[0].weight.detach(), self.floor)
        finer = by_weight(edges, drawn, place.expand(len(rays), -1)).sort(1).values
        lights.append(self._march(nets, rays, radius, finer))
        return lights

    def _march(self, nets: nn.Module, rays: Rays, radius: Tensor, edges: Tensor) -> Light:
        around: Any = nets.get_submodule("surroundings")
        inside = torch.nonzero(edges[:, -1] > edges[:, 0])[:, 0]  # rays that miss the cube ask nothing of the network
        start, ahead, edges = rays.start[inside], rays.ahead[inside], edges[inside]
        mean, variance = frustums(start, ahead, radius[inside], edges)
        if not self.cones:
            variance = torch.zeros_like(variance)
        mean, variance = (mean - around.centre) / around.radius, variance / around.radius**2
        viewed = ahead[:, None].expand_as(mean)
        density, colour = nets.get_submodule("field")(*(each.flatten(0, 1) for each in (mean, variance, viewed)))
        shape = (len(inside), edges.shape[1] - 1)
        length, middle = edges.diff(dim=1) / around.radius, (edges[:, 1:] + edges[:, :-1]) / 2
        lit = composite(density.view(shape), colour.view(*shape, 3), length, middle)

        def spread(values: Tensor) -> Tensor:
            return values.new_zeros(len(rays), *values.shape[1:]).index_copy(0, inside, values)

        return Light(spread(lit.colour), spread(lit.opacity), spread(lit.distance), spread(lit.weight))

    def light(self, nets: nn.Module, rays: Rays, chance: Tensor | None) -> Light:
        """Along rays without width."""
        return self.passes(nets, rays, torch.zeros_like(rays.cosine), None)[-1]

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1], with depth and opacity [n, 1, H, W]: a cone for each pixel."""
        around: Any = nets.get_submodule("surroundings")
        width, height = (int(number) for number in camera[0, 20:].tolist())
        pixel = pixel_centres(height, width).to(camera.device)
        views = []
        for one in camera:
            rays, radius = self._cones(one[None], pixel[None])
            for begin in range(0, len(rays), self.rays_at_once):
                some = slice(begin, begin + self.rays_at_once)
                light = self.passes(nets, rays.part(some), radius[some], None)[-1]
                depth = (light.distance * rays.cosine[some])[:, None]
                views.append(torch.cat((light.over(around.behind), depth, light.opacity[:, None]), 1))
        values = torch.cat(views).view(len(camera), height, width, 5).permute(0, 3, 1, 2)
        picture, depth, opacity = values.split((3, 1, 1), 1)
        return {"image": (picture * 2 - 1).clamp(-1, 1), "depth": depth, "opacity": opacity.clamp(0, 1)}


def smaller(camera: Tensor, times: int) -> Tensor:
    """The cameras of views that were averaged down so many times.  [n, 22]"""
    return torch.cat((camera[:, :16], camera[:, 16:] / times), 1)


# Settings by preset, with where each comes from: github.com/google/mipnerf, configs; 4096 rays a step of one view.
PRESETS: dict[str, dict[str, Any]] = {
    "blender": {"examples": 1_000_000, "rays": 4096},
    "multiblender": {"examples": 1_000_000, "rays": 4096, "scales": 4},
}

PROOF = Proof(
    claim="A field that is asked for cones draws a scene from unseen cameras at three sizes, nearer to it than its"
    " nearest view.",
    data="world:scene",
    measure="view-sizes",
    share=0.85,
    settings={
        "resolution": 32,
        "held_out": 0.15,
        "examples": 2_200,
        "rays": 192,
        "octaves": 6,
        "view_octaves": 2,
        "layers": 4,
        "width": 48,
        "skip": 2,
        "samples": 18,
        "scales": 3,
        "lr": 5e-3,
    },
)
