"""What fields that are learnt from views have in common: where the scene lies, which rays a step draws, and rendering.

A method says what light comes along rays; the rest of what a run and a camera need is here. Mildenhall et al. 2020,
arXiv:2003.08934, section 4.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.config import Count
from saddlepoint.data.batches import Batch, DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Draw, Method, Networks
from saddlepoint.nn.render.march import Light
from saddlepoint.nn.render.rays import Rays, chosen_pixels, pixel_centres, rays_through
from saddlepoint.nn.render.surroundings import Background, Surroundings

_FIRST = 200  # views that a run measures before it begins
_NEAR = 0.05
"""distance from a camera, in radii of the scene, before which nothing is drawn"""


@dataclass(frozen=True, kw_only=True)
class Radiance(Method):
    """One scene from photographs with known cameras, as a field that rays are marched through."""

    takes = ViewBatch
    compiles = ()
    rays_at_once: ClassVar[int] = 4096
    """rays that a view is rendered by at a time"""

    rays: Count = 1024
    """rays that a step draws from each of its views"""
    background: Background = "border"
    """what lies behind the scene: the colour of the pictures' borders where these agree, else black"""

    @abstractmethod
    def light(self, nets: nn.Module, rays: Rays, chance: Tensor | None) -> Light:
        """What comes along rays, without the background. chance: [R, 1] in [0, 1) where samples are drawn at random,
        None for the same every time. Distances are along the rays."""

    def refuse(self, data: DataSpec) -> None:
        """Raises ConfigError for views that are not in colour."""
        image = data.image("image")
        if image.channels != 3:
            raise ConfigError(f"a radiance field is learnt from colour views; the data has {image}.")

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        views = look(_FIRST)
        assert isinstance(views, ViewBatch)
        images, camera = (views.image.cpu() + 1) / 2, views.camera.cpu()
        known = nets.surroundings.measure(images, camera, self.background)
        self.begin(nets, images, camera, known)

    def begin(self, nets: Networks, images: Tensor, camera: Tensor, known: bool) -> None:
        """Set what a method begins with from views [n, 3, H, W] in [0, 1]. known: whether their background is."""

    def lit(self, nets: Networks, draw: Draw) -> tuple[Light, Tensor, Tensor]:
        """The light along random rays of a new batch, with its colours before the background, and the true ones."""
        views = draw()
        n = len(views.image)
        chance = draw.uniform(n, self.rays, 3)
        pixel, target = chosen_pixels((views.image + 1) / 2, chance[..., :2])
        rays = rays_through(views.camera, pixel)
        light = self.light(nets, rays, chance[..., 2:].flatten(0, 1))
        return light, light.over(nets.surroundings.behind), target

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1], with depth and opacity [n, 1, H, W]."""
        around: Any = nets.get_submodule("surroundings")
        width, height = (int(number) for number in camera[0, 20:].tolist())
        pixel = pixel_centres(height, width).to(camera.device)
        pictures, depths, opacities = [], [], []
        for one in camera:
            rays = rays_through(one[None], pixel[None])
            for begin in range(0, len(rays), self.rays_at_once):
                some = rays.part(slice(begin, begin + self.rays_at_once))
                light = self.light(nets, some, None)
                pictures.append(light.over(around.behind))
                depths.append(light.distance * some.cosine)
                opacities.append(light.opacity)
        shape = (len(camera), height, width)
        picture = torch.cat(pictures).view(*shape, 3).permute(0, 3, 1, 2)
        depth, opacity = (torch.cat(each).view(shape)[:, None] for each in (depths, opacities))
        return {"image": (picture * 2 - 1).clamp(-1, 1), "depth": depth, "opacity": opacity.clamp(0, 1)}

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras


def nearest_distance(around: Surroundings) -> float:
    """From a camera, before which nothing is drawn, in units of the scene."""
    return _NEAR * float(around.radius)
