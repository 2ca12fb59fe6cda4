"""Toy cars of every colour, each seen once by a camera of its own, with that camera; on white."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.camera import orbit, pose_of

TOYS = 2_000
RESOLUTION = 32
DISTANCE = 3.0
FOCAL = 1.7
"""of every camera, in sides of the picture"""
_FINER = 2  # rays a pixel and axis
_TOGETHER = 50  # views that are drawn at once
_LIGHT = (0.35, -0.45, 0.82)
_FAR = 1e3


@final
class Toys(World):
    """2,000 views, each of another car, 32 pixels a side by default, from all around and 10 to 50 degrees above."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Views are in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= 128:
            raise ConfigError(f"{settings.data} has 8 to 128 pixels a side, not {side}.")
        rows = np.arange(TOYS)
        poses = cameras(numpy_generator(SEED, "toy cameras").random((TOYS, 2)), side)
        pixels = (views(rows, poses) * 255).round().to(torch.uint8).numpy()
        return Dataset({"image": pixels, "camera": poses.numpy()}, fingerprint(pixels, None), settings.data)


def cameras(chance: np.ndarray, side: int) -> Tensor:
    """Cameras that look at the car: chance [n, 2] in [0, 1) of the turn and of the height.  [n, 22]"""
    turn, height = torch.from_numpy(chance).float().unbind(1)
    return orbit(turn * 2 * math.pi, math.radians(10) + math.radians(40) * height, DISTANCE, FOCAL * side, side)


def views(rows: np.ndarray, camera: Tensor) -> Tensor:
    """What each camera [n, 22] sees of the car of its row [n].  [n, 3, side, side] in [0, 1]"""
    parts = [_drawn(rows[begin : begin + _TOGETHER], camera[begin : begin + _TOGETHER])
             for begin in range(0, len(rows), _TOGETHER)]  # fmt: skip
    return torch.cat(parts)


def _drawn(rows: np.ndarray, camera: Tensor) -> Tensor:
    side = int(camera[0, 20])
    fine = side * _FINER
    line = (torch.arange(fine) + 0.5) / _FINER
    y, x = torch.meshgrid(line, line, indexing="ij")
    pose, lens = pose_of(camera), camera[:, 16:, None, None]
    flat = torch.stack(
        ((x - lens[:, 2]) / lens[:, 0], (y - lens[:, 3]) / lens[:, 1], torch.ones(len(camera), fine, fine)), -1
    )
    ray = torch.nn.functional.normalize(flat.flatten(1, 2), dim=2) @ pose[:, :3, :3].mT  # [n, R, 3]
    start = pose[:, None, :3, 3]
    boxes, balls = _car(rows)
    away = torch.full(ray.shape[:2], _FAR)
    normal, colour = torch.zeros_like(ray), torch.ones_like(ray)
    for centre, half, paint in boxes:
        own = start - centre[:, None]
        near, axis = _box(own, ray, half[:, None])
        row, place = torch.nonzero(near < away, as_tuple=True)
        side_of = axis[row, place]
        away[row, place], colour[row, place] = near[row, place], paint[row]
        normal[row, place] = -torch.nn.functional.one_hot(side_of, 3) * ray[row, place].sign()
    for centre, radius, paint in balls:
        own = start - centre[:, None]
        near = _ball(own, ray, radius[:, None])
        row, place = torch.nonzero(near < away, as_tuple=True)
        away[row, place], colour[row, place] = near[row, place], paint[row]
        normal[row, place] = (own[row, 0] + ray[row, place] * near[row, place, None]) / radius[row, None]
    light = torch.tensor(_LIGHT)
    bright = 0.5 + 0.5 * (normal @ (light / light.norm())).clamp_min(0)
    colour = torch.where((away < _FAR)[..., None], colour * bright[..., None], colour)
    return torch.nn.functional.avg_pool2d(colour.mT.unflatten(2, (fine, fine)), _FINER)


def _car(rows: np.ndarray) -> tuple[list[tuple[Tensor, Tensor, Tensor]], list[tuple[Tensor, Tensor, Tensor]]]:
    """Boxes (centre, half sides, colour) and balls (centre, radius, colour) of the cars, driving along x, z up."""
    chance = np.stack([numpy_generator(SEED, "toy", row).random(6) for row in rows.tolist()])
    long, wide, high, back, hue, light = torch.from_numpy(chance).float().unbind(1)
    zero = torch.zeros_like(long)
    length, width, height = 0.45 + 0.15 * long, 0.24 + 0.06 * wide, 0.11 + 0.05 * high
    paint = torch.tensor([colorsys.hsv_to_rgb(h, 0.85, 0.55 + 0.4 * v) for h, v in zip(hue.tolist(), light.tolist())])
    cabin = torch.stack((0.5 * length, 0.85 * width, 0.6 * height + 0.05), 1)
    place = torch.stack((-0.25 * length * (1 + back), zero, height + cabin[:, 2]), 1)
    body = (torch.zeros(len(rows), 3), torch.stack((length, width, height), 1), paint)
    top = (place, cabin, torch.lerp(paint, torch.ones(3), 0.55))
    dark, yellow = (torch.tensor(shade).expand(len(rows), 3) for shade in ((0.15, 0.15, 0.18), (0.98, 0.85, 0.2)))
    wheel = torch.full_like(long, 0.13)
    wheels = [(torch.stack((0.62 * length * along, width * across, -height), 1), wheel, dark)
              for along in (-1, 1) for across in (-1, 1)]  # fmt: skip
    lamp = (torch.stack((length, zero, zero), 1), torch.full_like(long, 0.12), yellow)
    return [body, top], [*wheels, lamp]


def _box(start: Tensor, ray: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays enter a box around the origin, far where they miss, and across which axis.  [n, R] twice"""
    ahead = torch.where(ray.abs() < 1e-9, torch.full_like(ray, 1e-9), ray)
    one, other = (-half - start) / ahead, (half - start) / ahead
    near, axis = torch.minimum(one, other).max(2)
    hit = (near < torch.maximum(one, other).amin(2)) & (near > 0)
    return torch.where(hit, near, torch.full_like(near, _FAR)), axis


def _ball(start: Tensor, ray: Tensor, radius: Tensor) -> Tensor:
    """Where rays enter a ball around the origin; far where they miss.  [n, R]"""
    middle = -(start * ray).sum(2)
    deep = radius**2 - start.square().sum(2) + middle.square()
    near = middle - deep.clamp_min(0).sqrt()
    return torch.where((deep > 0) & (near > 0), near, torch.full_like(near, _FAR))


WORLD = Toys()
