"""Strokes of a thick brush across each image, as a hand paints over what it wants to be rid of.

Each stroke is a chain of straight parts that turn by random angles, as in Yu et al. 2019, arXiv:1806.03589, algorithm
1. See `_holes.py` for what remains.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from saddlepoint.data.degrade._holes import holed
from saddlepoint.data.degrade._rows import SEED
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 3


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> uint8 [N, C + 1, H, W]. amount: strokes at most, 1 or more."""
    if amount < 1:
        raise ConfigError("no strokes leave nothing to mend: say strokes3:FOLDER.")
    size = images.shape[2:]
    return holed(images, np.stack([_known(row, size, amount) for row in range(len(images))]))


def _known(row: int, size: tuple[int, ...], most: int) -> np.ndarray:
    draw = numpy_generator(SEED, "strokes", row)
    height, width = size
    side = min(size)
    picture = Image.new("L", (width, height), 1)
    brush = ImageDraw.Draw(picture)
    for _ in range(int(draw.integers(1, most + 1))):
        x, y, angle = draw.uniform(0, width), draw.uniform(0, height), draw.uniform(0, 2 * np.pi)
        thick = max(1, round(side * draw.uniform(0.05, 0.12)))
        for part in range(int(draw.integers(2, 6))):
            angle += np.pi * (part % 2) + draw.uniform(-0.7, 0.7)  # back and forth
            length = side * draw.uniform(0.15, 0.5)
            end = (
                float(np.clip(x + length * np.cos(angle), 0, width - 1)),
                float(np.clip(y + length * np.sin(angle), 0, height - 1)),
            )
            brush.line([(x, y), end], fill=0, width=thick)
            brush.ellipse([end[0] - thick / 2, end[1] - thick / 2, end[0] + thick / 2, end[1] + thick / 2], fill=0)
            x, y = end
    return np.asarray(picture) > 0
