"""Two kinds of images, never paired: shapes cut out of black paper, and scenes under a light, in any hue."""

from __future__ import annotations

import dataclasses

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.forms import in_both_forms, one_form_each
from saddlepoint.data.world.light import INK, PAPER, lit_in_hue, over
from saddlepoint.data.world.shapes import Factors, coverage, distances, factors, painted


def both(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number, cut out and lit, uint8 [N, 2, 3, resolution, resolution]; even rows are shown cut out."""
    return in_both_forms(_cut_out, lit_in_hue, rows, resolution)


def answer(rows: np.ndarray, hue: float | np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number lit in a hue, 0 to 1, or each in its own [N]: what their cut-outs may become.

    uint8 [N, 3, resolution, resolution]
    """
    scenes = dataclasses.replace(factors(rows, SEED), hue=np.broadcast_to(hue, rows.shape))
    return painted(scenes, resolution, lit_in_hue)


def _cut_out(scenes: Factors, resolution: int) -> np.ndarray:
    inside = coverage(distances(scenes, resolution))[:, None]
    return np.repeat(over(np.full_like(inside, PAPER), np.float32(INK), inside[:, 0]), 3, 1)


WORLD = one_form_each(_cut_out, lit_in_hue, ("cut out", "lit"))
