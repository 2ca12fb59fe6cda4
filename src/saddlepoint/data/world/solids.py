"""Solids as clouds: points on the surface of balls, boxes, cylinders, cones, pyramids, prisms, octahedra and rings."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.bodies import CLASSES, body, cloud
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

SHAPES = 2400
POINTS = 256
_NOISE = 0.02  # of each place, in units of the largest half side


@final
class Solids(World):
    """2,400 clouds of 256 points, of eight classes in turn, each of its own proportions and turned about z."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        refuse_sizes(settings, "clouds of 256 points")
        clouds = np.stack([_points(row) for row in range(SHAPES)])
        labels = np.arange(SHAPES) % len(CLASSES)
        return Dataset({"cloud": clouds, "label": labels}, fingerprint(clouds, labels), settings.data, classes=CLASSES)


def refuse_sizes(settings: DataSettings, what: str) -> None:
    """Raises ConfigError where a world of one size is asked for another one."""
    default = DataSettings()
    for name in ("resolution", "channels", "shape_points"):
        if getattr(settings, name) != getattr(default, name):
            raise ConfigError(f"{settings.data} has {what}: leave out --{name.replace('_', '-')}.")


def _points(row: int) -> np.ndarray:
    draw = numpy_generator(SEED, "solid", row)
    places = cloud(body(row), POINTS, draw)
    return (places + draw.normal(0, _NOISE, places.shape)).astype(np.float32)


WORLD = Solids()
