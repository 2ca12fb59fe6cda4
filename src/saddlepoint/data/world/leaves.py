"""Dead leaves: discs of all sizes that hide one another, whitened patches of which have the edges of natural images.

Lee, Mumford & Huang 2001, doi:10.1023/A:1011109015675: with radii that fall as r^-3 the picture looks alike at every
scale, and its patches are distributed much as those of photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.whiten import patches, whitened
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

PICTURES, SIDE = 8, 256
DISCS = 2000
"""discs of each picture, the last ones on top"""
RADII = (3.0, 120.0)
"""least and largest radius in pixels"""
PATCHES, PATCH = 10_000, 12


def leaves(number: int, seed: int = SEED) -> np.ndarray:
    """Picture `number`, grey float32 [256, 256] in [0, 1]; a function of (seed, number) alone."""
    draw = numpy_generator(seed, "leaves", number)
    low, high = (radius**-2 for radius in RADII)
    radii = (low + (high - low) * draw.random(DISCS)) ** -0.5  # density falls as r^-3 between the two
    places = draw.uniform(-RADII[1] / 2, SIDE + RADII[1] / 2, (DISCS, 2))
    shades = draw.random(DISCS)
    picture = np.full((SIDE, SIDE), 0.5, np.float32)
    for radius, (y, x), shade in zip(radii, places, shades):
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        bottom, right = min(SIDE, int(y + radius) + 2), min(SIDE, int(x + radius) + 2)
        if top < bottom and left < right:
            down, across = np.ogrid[top:bottom, left:right]
            cover = np.clip(radius + 0.5 - np.hypot(down - y, across - x), 0, 1)
            part = picture[top:bottom, left:right]
            part += cover * (shade - part)
    return picture


@final
class Leaves(World):
    """10,000 whitened patches of 12x12 pixels from 8 pictures."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The patches have one size and one channel."""
        if settings.resolution is not None or settings.channels is not None:
            raise ConfigError(f"{settings.data} has patches of 12x12: leave out --resolution and --channels.")
        draw = numpy_generator(SEED, "patches of leaves")
        parts = [patches(whitened(leaves(number)), PATCH, PATCHES // PICTURES, draw) for number in range(PICTURES)]
        rows = np.concatenate(parts)[draw.permutation(PATCHES)]
        note = f"whitened patches of {PATCH}x{PATCH} from {PICTURES} pictures of discs that hide one another"
        return Dataset({"image": rows}, fingerprint(rows, None), settings.data, notes=(note,))


WORLD = Leaves()
