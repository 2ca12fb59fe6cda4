"""Torus knots as signed distances: tubes along curves that wind around a ring, each another solid of one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
from scipy.spatial import cKDTree

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import World
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.distances import middles

KNOTS = ((2, 3, 0.1), (3, 2, 0.09), (2, 5, 0.08), (3, 4, 0.07))
"""times around the ring's axis and around its tube, and the radius of the tube"""
RESOLUTION = 32
_MOST = 128
_PARTS = 4_000  # of the curve


@final
class Knots(World):
    """Four torus knots as signed distances at 32 places a side by default."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Distances have no colour and are not cut."""
        if settings.channels is not None:
            raise ConfigError(f"{settings.data} has signed distances, not images: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is measured at 8 to {_MOST} places a side, not {side}.")
        places = middles(side).view(-1, 3).numpy()
        grids = [distances(row, places).astype(np.float16).reshape(1, side, side, side) for row in range(len(KNOTS))]
        stored = np.clip(np.stack(grids), -1, 1)
        return Dataset({"distances": stored}, fingerprint(stored, None), settings.data)


def distances(row: int, places: np.ndarray) -> np.ndarray:
    """The signed distances of places to knot number `row`, to about 1e-5.  [P, 3] -> [P]"""
    around, across, thick = KNOTS[row]
    turn = np.arange(_PARTS) * (2 * np.pi / _PARTS)
    wide = 0.55 + 0.25 * np.cos(across * turn)
    curve = np.stack((wide * np.cos(around * turn), wide * np.sin(around * turn), 0.25 * np.sin(across * turn)), 1)
    away: np.ndarray = cKDTree(curve).query(places)[0] - thick
    return away


WORLD = Knots()
