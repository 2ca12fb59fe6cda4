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
from saddlepoint.data.world.blocks import Part, drawn
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.camera import orbit

TOYS = 2_000
RESOLUTION = 32
DISTANCE = 3.0
FOCAL = 1.7
"""of every camera, in sides of the picture"""
_TOGETHER = 50  # views that are drawn at once


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
    parts = [drawn(*_car(rows[begin : begin + _TOGETHER]), camera[begin : begin + _TOGETHER])
             for begin in range(0, len(rows), _TOGETHER)]  # fmt: skip
    return torch.cat(parts)


def _car(rows: np.ndarray) -> tuple[list[Part], list[Part]]:
    """Boxes and balls of the cars, driving along x, z up."""
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


WORLD = Toys()
