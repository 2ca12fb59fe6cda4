"""Pairs: a map of what each pixel shows, and the scene under a light in the colour of its shape."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.forms import side_by_side
from saddlepoint.data.world.light import lit_by_shape
from saddlepoint.data.world.shapes import Factors, distances

_LABELS = np.array([(255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255)], np.float32)


def _label_map(scenes: Factors, resolution: int) -> np.ndarray:
    """One colour for each shape, black around it, no smooth edges."""
    inside = distances(scenes, resolution)[:, None] < 0
    return np.asarray(np.where(inside, _LABELS[scenes.shape][:, :, None, None], 0).astype(np.uint8))


WORLD = side_by_side(_label_map, lit_by_shape)
