"""One colour picture with detail of every size: waves that grow finer, discs, checks, bars and a smooth sky."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

RESOLUTION = 64
_FINER = 4  # samples a pixel and axis
_MOST = 1024


@final
class Picture(World):
    """A single image, 64 pixels a side by default, for fields that hold one."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The picture is in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} has 8 to {_MOST} pixels a side, not {side}.")
        pixels = np.rint(picture(side) * 255).astype(np.uint8)[None]
        return Dataset({"image": pixels}, fingerprint(pixels, None), settings.data)


def picture(side: int) -> np.ndarray:
    """[3, side, side] in [0, 1], averaged over 16 samples a pixel."""
    line = (np.arange(side * _FINER) + 0.5) / (side * _FINER)
    x, y = np.meshgrid(line, line)
    fine = np.stack([0.35 + 0.4 * y, 0.5 + 0.25 * y, 0.85 - 0.2 * x * y])  # the sky
    distance = np.hypot(x, 1 - y)
    waves = 0.5 + 0.5 * np.sin(60 * distance**2)
    fine = np.where(distance < 0.62, np.stack([waves, 0.3 + 0.4 * waves, 1 - waves]), fine)
    checks = (np.floor(x * 24) + np.floor(y * 24)) % 2
    fine = np.where((x > 0.68) & (y > 0.62), np.stack([checks, 0.9 * checks, 0.2 + 0.5 * checks]), fine)
    bars = (np.floor(x * 20 + y * 6) % 2) * 0.7
    fine = np.where((y < 0.16) & (x < 0.55), np.stack([0.9 - bars, 0.2 + bars, 0.25 + 0 * bars]), fine)
    draw = numpy_generator(SEED, "picture")
    for _ in range(14):
        across, down, radius = draw.uniform(0.5, 0.98), draw.uniform(0.05, 0.58), draw.uniform(0.015, 0.07)
        colour = draw.uniform(0, 1, 3)[:, None, None]
        fine = np.where(np.hypot(x - across, y - down) < radius, colour, fine)
    averaged: np.ndarray = fine.reshape(3, side, _FINER, side, _FINER).mean((2, 4))
    return averaged


WORLD = Picture()
