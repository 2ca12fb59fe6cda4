"""Two kinds of images, never paired: scenes under a light, and drawings on paper in the same colours."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.forms import in_both_forms, one_form_each
from saddlepoint.data.world.light import INK, LINE, PALETTE, PAPER, lit, over
from saddlepoint.data.world.shapes import Factors, coverage, distances


def both(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number, lit and drawn, uint8 [N, 2, 3, resolution, resolution]; even rows are shown lit, odd drawn."""
    return in_both_forms(lit, _drawn, rows, resolution)


def _drawn(scenes: Factors, resolution: int) -> np.ndarray:
    """Flat and pale, with a dark outline, on paper."""
    distance = distances(scenes, resolution)
    paint = 0.4 * PAPER + 0.6 * PALETTE[scenes.colour][:, :, None, None]
    picture = over(np.full_like(distance[:, None], PAPER), paint, coverage(distance))
    return over(picture, np.float32(INK), coverage(np.abs(distance) - LINE))


WORLD = one_form_each(lit, _drawn, ("lit", "drawn"))
