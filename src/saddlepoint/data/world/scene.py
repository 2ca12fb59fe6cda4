"""A scene of a ball, a box and a ring on a plate, seen by sixty cameras from above; on white."""

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
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import orbit, pose_of

VIEWS = 60
RESOLUTION = 64
DISTANCE = 4.0
_FINER = 2  # rays a pixel and axis
_REACH = 1.6  # the scene lies within this distance of the origin
_STEPS, _HIT = 60, 2e-3
_LIGHT = (0.4, -0.5, 0.75)


@final
class Scene(World):
    """Sixty views of one scene with the camera of each, 64 pixels a side by default."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Views are in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= 512:
            raise ConfigError(f"{settings.data} has 8 to 512 pixels a side, not {side}.")
        poses = cameras(side)
        images = torch.stack([view(camera, side) for camera in poses])
        pixels = (images * 255).round().to(torch.uint8).numpy()
        fields = {"image": pixels, "camera": poses.numpy()}
        return Dataset(fields, fingerprint(pixels, None), settings.data)


def cameras(side: int) -> Tensor:
    """Around the scene by the golden angle, from near the ground to over the top.  [60, 22]"""
    number = torch.arange(VIEWS, dtype=torch.float32)
    turn = number * math.pi * (3 - math.sqrt(5))
    lift = 0.15 + 1.05 * (number * 37 % VIEWS) / VIEWS
    return orbit(turn, lift, DISTANCE, 1.25 * side, side)


def view(camera: Tensor, side: int) -> Tensor:
    """What a camera sees, [3, side, side] in [0, 1], averaged over four rays a pixel."""
    fine = side * _FINER
    line = (torch.arange(fine) + 0.5) / _FINER
    y, x = torch.meshgrid(line, line, indexing="ij")
    pose, (fx, fy, cx, cy) = pose_of(camera), camera[16:20]
    ahead = torch.stack(((x - cx) / fx, (y - cy) / fy, torch.ones_like(x)), -1).reshape(-1, 3)
    ray = torch.nn.functional.normalize(ahead @ pose[:3, :3].T, dim=1)
    colour = traced(pose[:3, 3].expand_as(ray), ray)
    return torch.nn.functional.avg_pool2d(colour.T.reshape(3, fine, fine), _FINER)


def traced(start: Tensor, ray: Tensor) -> Tensor:
    """The colours that rays [n, 3] of unit length meet, by steps of the distance to the nearest surface.  [n, 3]"""
    travelled = torch.full((len(ray),), DISTANCE - _REACH)
    active = torch.arange(len(ray))
    for _ in range(_STEPS):
        away = distances(start[active] + ray[active] * travelled[active, None]).amin(0)
        travelled[active] += away
        active = active[(away > _HIT) & (travelled[active] < DISTANCE + _REACH)]
        if not len(active):
            break
    colour = torch.ones(len(ray), 3)
    hit = torch.nonzero(travelled < DISTANCE + _REACH).flatten()
    place = start[hit] + ray[hit] * travelled[hit, None]
    small = 1e-3 * torch.eye(3)
    slopes = [distances(place + axis).amin(0) - distances(place - axis).amin(0) for axis in small]
    normal = torch.nn.functional.normalize(torch.stack(slopes, 1), dim=1)
    light = torch.tensor(_LIGHT)
    bright = 0.45 + 0.55 * (normal @ (light / light.norm())).clamp_min(0)
    colour[hit] = colours(place) * bright[:, None]
    return colour


def distances(place: Tensor) -> Tensor:
    """The signed distances of places to the ball, the box, the ring and the plate.  [n, 3] -> [4, n]"""
    x, y, z = place.unbind(1)
    ball = (place - torch.tensor([0.55, 0.35, 0.15])).norm(dim=1) - 0.38
    away = (place - torch.tensor([-0.5, 0.4, 0.1])).abs() - torch.tensor([0.3, 0.26, 0.33])
    box = away.clamp_min(0).norm(dim=1) + away.amax(1).clamp_max(0)
    ring = torch.hypot(torch.hypot(x, y + 0.5) - 0.42, z + 0.08) - 0.15
    plate = torch.stack((torch.hypot(x, y) - 1.15, (z + 0.3).abs() - 0.07))
    plate = plate.clamp_min(0).norm(dim=0) + plate.amax(0).clamp_max(0)
    return torch.stack((ball, box, ring, plate))


def colours(place: Tensor) -> Tensor:
    """The colour of the surface that is nearest to each place.  [n, 3] -> [n, 3] in [0, 1]"""
    checks = ((torch.floor(place[:, 0] * 3) + torch.floor(place[:, 1] * 3)) % 2)[:, None]
    tiles = torch.lerp(torch.tensor([0.25, 0.35, 0.75]), torch.tensor([0.85, 0.85, 0.8]), checks)
    shades = torch.tensor([[0.9, 0.25, 0.2], [0.95, 0.75, 0.2], [0.2, 0.7, 0.4]])
    each = torch.cat((shades[:, None].expand(3, len(place), 3), tiles[None]))
    return each[distances(place).argmin(0), torch.arange(len(place))]


WORLD = Scene()
