"""Solids as voxels: the bodies of world:solids as grids of filled and empty voxels."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import World
from saddlepoint.data.world.bodies import CLASSES, body, grid
from saddlepoint.errors import ConfigError

SHAPES = 2400
RESOLUTION = 24
_MOST = 64  # voxels a side that are made


@final
class SolidGrids(World):
    """2,400 grids of eight classes in turn, 24 voxels a side by default, each turned about z."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Volumes have no colour and are not cut."""
        if settings.channels is not None:
            raise ConfigError(f"{settings.data} has volumes, not images: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is made of 8 to {_MOST} voxels a side, not {side}.")
        volumes = np.stack([grid(body(row), side) for row in range(SHAPES)])[:, None]
        labels = np.arange(SHAPES) % len(CLASSES)
        return Dataset(
            {"volume": volumes, "label": labels}, fingerprint(volumes, labels), settings.data, classes=CLASSES
        )


WORLD = SolidGrids()
