"""Boxes of random places and sizes cut out of each image, one to four of them.

See `_holes.py` for what remains.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._holes import holed
from saddlepoint.data.degrade._rows import SEED
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 25


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> uint8 [N, C + 1, H, W]. amount: hundredths of the area that the boxes have together, before
    they overlap. Raises ConfigError for 0 or all."""
    if not 0 < amount < 100:
        raise ConfigError(f"holes of {amount} hundredths of the area leave all or nothing: say holes25:FOLDER.")
    size = images.shape[2:]
    return holed(images, np.stack([_known(row, size, amount / 100) for row in range(len(images))]))


def _known(row: int, size: tuple[int, ...], share: float) -> np.ndarray:
    draw = numpy_generator(SEED, "holes", row)
    known = np.ones(size, bool)
    count = int(draw.integers(1, 5))
    for _ in range(count):
        stretch = np.exp(draw.uniform(-0.5, 0.5))
        sides = [
            min(side, max(1, round(side * np.sqrt(share / count) * times)))
            for side, times in zip(size, (stretch, 1 / stretch))
        ]
        top, left = (int(draw.integers(0, side - own + 1)) for side, own in zip(size, sides))
        known[top : top + sides[0], left : left + sides[1]] = False
    return known
