"""Pairs: the outline of a shape, and the scene under a light in the colour of its shape."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.forms import side_by_side
from saddlepoint.data.world.light import LINE, as_bytes, lit_by_shape
from saddlepoint.data.world.shapes import Factors, coverage, distances


def _outline(scenes: Factors, resolution: int) -> np.ndarray:
    line = coverage(np.abs(distances(scenes, resolution)) - LINE)
    return as_bytes(np.repeat(255 * (1 - line[:, None]), 3, 1))


WORLD = side_by_side(_outline, lit_by_shape)
