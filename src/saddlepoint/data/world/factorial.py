"""All combinations of four factors: grey discs at 8 places across, 8 down, of 5 sizes and 5 shades, 1,600 images.

No factor tells anything of another, so codes of these images can be judged by what they tell of each. (In world:shapes
the place of a shape depends on its size, and a circle has no rotation.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import World
from saddlepoint.data.world.shapes import Factors, coverage, distances, painted
from saddlepoint.errors import ConfigError

FACTORS = {"x": 8, "y": 8, "size": 5, "shade": 5}
"""how many values each factor has"""
RESOLUTION = 16
_MOST = 128  # pixels a side that are made
_PLACES, _SIZES, _SHADES = (-0.55, 0.55), (0.2, 0.45), (0.3, 1.0)  # the least and the most; every disc lies inside


def factors(rows: np.ndarray) -> np.ndarray:
    """The place of each factor's value among its values, of images by number: int64 [N, 4]."""
    return np.stack(np.unravel_index(rows, tuple(FACTORS.values())), 1).astype(np.int64)


def render(places: np.ndarray, resolution: int) -> np.ndarray:
    """Images of factors [N, 4], which may lie between the values: uint8 [N, 1, resolution, resolution]."""
    share = places / (np.array(tuple(FACTORS.values())) - 1)
    x, y, size, shade = (
        low + (high - low) * share[:, column] for column, (low, high) in enumerate((_PLACES, _PLACES, _SIZES, _SHADES))
    )
    none = np.zeros(len(places), np.int64)  # circles
    shown = Factors(none, none, none.astype(float), none, x, y, size, none.astype(float))
    inside = painted(shown, resolution, lambda part, side: coverage(distances(part, side))[:, None])
    return np.asarray(np.rint(255 * shade[:, None, None, None] * inside).astype(np.uint8))


@final
class Factorial(World):
    """1,600 grey images, 16 pixels a side by default."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        if settings.channels not in (None, 1):
            raise ConfigError(f"{settings.data} is grey: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is made of 8 to {_MOST} pixels a side, not {side}.")
        images = render(factors(np.arange(int(np.prod(list(FACTORS.values()))))), side)
        return Dataset({"image": images}, fingerprint(images, None), settings.data)


WORLD = Factorial()
