"""A few numbers that say how a picture looks, cheap enough for every upload: light, colour, sharpness. No network.

They say nothing of what is shown, and no picture can be had back from them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from saddlepoint.metrics.formulas.statistics import Doubles

NAMES = ("brightness", "contrast", "red-green", "yellow-blue", "saturation", "sharpness", "edges", "entropy")
_SIDE = 96
"""pixels of the longer side on which a picture is looked at"""
_LUMA = np.array([0.299, 0.587, 0.114])
_LEVELS = 32


def traits(picture: Image.Image) -> Doubles:
    """The numbers of one picture, in the order of NAMES; all are finite."""
    small = picture.convert("RGB")
    small = small.reduce(max(1, max(small.size) // (2 * _SIDE)))  # the most of a large one is left out first
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    colour = np.asarray(small, np.float64) / 255
    light = colour @ _LUMA
    padded = np.pad(light, 1, mode="edge")
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    shares = np.bincount((light * (_LEVELS - 1)).round().astype(int).ravel(), minlength=_LEVELS) / light.size
    known = shares[shares > 0]
    return np.array(
        [
            light.mean(),
            light.std(),
            (colour[..., 0] - colour[..., 1]).mean(),
            (colour[..., :2].mean(-1) - colour[..., 2]).mean(),
            np.ptp(colour, axis=-1).mean(),
            np.log10((sum(sides) - 4 * light).var() + 1e-6),
            np.hypot(sides[1] - sides[0], sides[3] - sides[2]).mean() / 2,
            -(known * np.log2(known)).sum(),
        ]
    )


def rows_of(pictures: Iterable[Image.Image]) -> Doubles:
    """The numbers of some pictures, [n, 8]; no two of them are held at once."""
    rows = [traits(picture) for picture in pictures]
    return np.stack(rows) if rows else np.empty((0, len(NAMES)))
