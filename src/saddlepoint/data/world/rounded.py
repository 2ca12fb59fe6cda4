"""Rounded solids as signed distances: boxes, cylinders, rings and cones of many measures, a little off the middle."""

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
from saddlepoint.kinds.distances import middles

CLASSES = ("box", "cylinder", "ring", "cone")
SHAPES = 400
RESOLUTION = 32
_MOST = 64


@final
class Rounded(World):
    """400 solids as exact signed distances at 32 places a side by default; classes come in turn."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Distances have no colour and are not cut."""
        if settings.channels is not None:
            raise ConfigError(f"{settings.data} has signed distances, not images: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is measured at 8 to {_MOST} places a side, not {side}.")
        places = middles(side).view(-1, 3).numpy()
        grids = [distances(row, places).astype(np.float16).reshape(1, side, side, side) for row in range(SHAPES)]
        stored = np.clip(np.stack(grids), -1, 1)
        labels = np.arange(SHAPES) % len(CLASSES)
        return Dataset(
            {"distances": stored, "label": labels}, fingerprint(stored, labels), settings.data, classes=CLASSES
        )


def distances(row: int, places: np.ndarray) -> np.ndarray:
    """The signed distances of places to solid number `row`, a function of the row alone.  [P, 3] -> [P]"""
    draw = numpy_generator(SEED, "rounded", row)
    moved = places - draw.uniform(-0.1, 0.1, 3)
    across = np.hypot(moved[:, 0], moved[:, 1])
    edge = draw.uniform(0.03, 0.1)
    kind = CLASSES[row % len(CLASSES)]
    if kind == "box":
        return _box(np.abs(moved) - draw.uniform(0.25, 0.65, 3) + edge) - edge
    if kind == "cylinder":
        flat = np.stack((across - draw.uniform(0.2, 0.6), np.abs(moved[:, 2]) - draw.uniform(0.2, 0.7)), 1)
        return _box(flat + edge) - edge
    if kind == "ring":
        thick = draw.uniform(0.12, 0.25)
        return np.hypot(across - draw.uniform(0.35, 0.6), moved[:, 2]) - thick
    return (
        _cone(across, moved[:, 2], draw.uniform(0.35, 0.65), draw.uniform(0.05, 0.25), draw.uniform(0.3, 0.65)) - edge
    )


def _box(over: np.ndarray) -> np.ndarray:
    """The signed distance to a box, from how far a place lies over it in each axis.  [P, axes] -> [P]"""
    away: np.ndarray = np.linalg.norm(np.maximum(over, 0), axis=1) + np.minimum(over.max(1), 0)
    return away


def _cone(across: np.ndarray, z: np.ndarray, low: float, high: float, half: float) -> np.ndarray:
    """The signed distance to an upright cone without its tip, of radius `low` at -half and `high` at half.  [P] each

    The nearer of the two lids and the slope; inside where both leave the place below them.
    """
    lid = np.where(z < 0, low, high)
    lids = np.stack((across - np.minimum(across, lid), np.abs(z) - half), 1)
    slope = np.array([high - low, 2 * half])
    away = np.stack((across - low, z + half), 1)
    share = np.clip(away @ slope / (slope @ slope), 0, 1)
    side = away - share[:, None] * slope
    inside = (side[:, 0] < 0) & (lids[:, 1] < 0)
    nearest: np.ndarray = np.sqrt(np.minimum((lids**2).sum(1), (side**2).sum(1)))
    return np.where(inside, -nearest, nearest)


WORLD = Rounded()
