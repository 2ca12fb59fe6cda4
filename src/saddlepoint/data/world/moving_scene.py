"""A scene that moves: a ball runs around a plate while a box slides and turns, each view at a moment of its own.

Eighty views by cameras around it, as a person who walks about with one camera takes them; on white.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import World
from saddlepoint.data.world.tracing import met, rays_of, upright
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import orbit
from saddlepoint.kinds.moment import Moment

VIEWS = 80
RESOLUTION = 64
DISTANCE = 4.0
_FINER = 2  # rays a pixel and axis
_REACH = 1.6  # the scene lies within this distance of the origin
_LIGHT = (0.4, -0.5, 0.75)
_BOX = (0.34, 0.2, 0.22)


@final
class MovingScene(World):
    """Eighty views with the camera and the moment of each, 64 pixels a side by default."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Views are in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= 512:
            raise ConfigError(f"{settings.data} has 8 to 512 pixels a side, not {side}.")
        camera, time = cameras(side), moments()
        images = torch.stack([view(*each) for each in zip(camera, time.tolist())])
        pixels = (images * 255).round().to(torch.uint8).numpy()
        fields = {"image": pixels, "camera": camera.numpy(), "time": time.numpy()}
        return Dataset(fields, fingerprint(pixels, None), settings.data, kinds={"time": Moment()})


def moments() -> Tensor:
    """Evenly from 0 to 1.  [80]"""
    return torch.linspace(0, 1, VIEWS)


def cameras(side: int) -> Tensor:
    """Around the scene by the golden angle, so that views of near moments are taken from far apart.  [80, 22]"""
    number = torch.arange(VIEWS, dtype=torch.float32)
    turn = number * math.pi * (3 - math.sqrt(5))
    lift = 0.25 + 0.9 * (number * 37 % VIEWS) / VIEWS
    return orbit(turn, lift, DISTANCE, 1.25 * side, side)


def ball(time: float) -> Tensor:
    """The middle of the ball: a third of a turn around the plate.  [3]"""
    angle = 2 * math.pi / 3 * (time - 0.25)
    return torch.tensor([0.7 * math.cos(angle), 0.7 * math.sin(angle), 0.1])


def box(time: float) -> tuple[Tensor, Tensor]:
    """The middle of the box [3], and its turn about z [3, 3]: a sixth of a turn while it slides."""
    angle = math.pi / 3 * time
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return torch.tensor([-0.35, 0.3 - 0.6 * time, 0.02]), turn


def distances(place: Tensor, time: float) -> Tensor:
    """The signed distances of places to the ball, the box and the plate.  [n, 3] -> [3, n]"""
    middle, turn = box(time)
    away = ((place - middle) @ turn).abs() - torch.tensor(_BOX)
    boxed = away.clamp_min(0).norm(dim=1) + away.amax(1).clamp_max(0)
    plate = torch.stack((place[:, :2].norm(dim=1) - 1.15, (place[:, 2] + 0.27).abs() - 0.07))
    flat = plate.clamp_min(0).norm(dim=0) + plate.amax(0).clamp_max(0)
    return torch.stack(((place - ball(time)).norm(dim=1) - 0.3, boxed, flat))


def view(camera: Tensor, time: float) -> Tensor:
    """What a camera [22] sees at a moment, [3, H, W] in [0, 1], averaged over four rays a pixel."""

    def nearest(place: Tensor) -> Tensor:
        return distances(place, time).amin(0)

    start, ray, _ = rays_of(camera, _FINER)
    travelled = met(nearest, start, ray, DISTANCE - _REACH, DISTANCE + _REACH)
    hit = torch.nonzero(torch.isfinite(travelled)).flatten()
    place = start[hit] + ray[hit] * travelled[hit, None]
    light = torch.tensor(_LIGHT)
    bright = 0.45 + 0.55 * (upright(nearest, place) @ (light / light.norm())).clamp_min(0)
    colour = torch.ones(len(ray), 3)
    colour[hit] = colours(place, time) * bright[:, None]
    width, height = (int(number) for number in camera[20:].tolist())
    fine = colour.T.reshape(3, height * _FINER, width * _FINER)
    return torch.nn.functional.avg_pool2d(fine, _FINER)


def colours(place: Tensor, time: float) -> Tensor:
    """The colour of the surface that is nearest to each place; the box has two halves.  [n, 3] -> [n, 3] in [0, 1]"""
    checks = ((torch.floor(place[:, 0] * 3) + torch.floor(place[:, 1] * 3)) % 2)[:, None]
    tiles = torch.lerp(torch.tensor([0.25, 0.35, 0.75]), torch.tensor([0.85, 0.85, 0.8]), checks)
    middle, turn = box(time)
    half = ((place - middle) @ turn)[:, :1] > 0
    painted = torch.where(half, torch.tensor([0.95, 0.75, 0.2]), torch.tensor([0.2, 0.7, 0.4]))
    each = torch.stack((torch.tensor([0.9, 0.25, 0.2]).expand_as(tiles), painted, tiles))
    return each[distances(place, time).argmin(0), torch.arange(len(place))]


WORLD = MovingScene()
