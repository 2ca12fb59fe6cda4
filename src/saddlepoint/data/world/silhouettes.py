"""Silhouettes: the shapes of world:shapes in black and white, small enough for densities; classes are the shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.shapes import SHAPES, Factors, coverage, distances, factors, painted
from saddlepoint.errors import ConfigError

IMAGES = 10_000
RESOLUTION = 16
_MOST = 64  # pixels a side that are made


@final
class Silhouettes(World):
    """10,000 images of one channel, 0 or 255: white where a shape covers more than half of the pixel; 16 pixels a side
    by default."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        if settings.channels not in (None, 1):
            raise ConfigError(f"{settings.data} is black and white: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 4 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is made of 4 to {_MOST} pixels a side, not {side}.")
        shown = factors(np.arange(IMAGES), SEED)
        images = painted(shown, side, silhouettes)
        labels = shown.shape
        return Dataset(
            {"image": images, "label": labels}, fingerprint(images, labels), settings.data, classes=tuple(SHAPES)
        )


def silhouettes(shown: Factors, resolution: int) -> np.ndarray:
    """The shapes of these factors without colour, uint8 [N, 1, resolution, resolution], 0 or 255."""
    inside = coverage(distances(shown, resolution)) > 0.5
    return (inside[:, None] * 255).astype(np.uint8)


WORLD = Silhouettes()
