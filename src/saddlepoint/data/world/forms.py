"""Worlds that show every scene in two forms, with a true map between them, so that a translation can be judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.shapes import Factors, factors, painted

Paint = Callable[[Factors, int], np.ndarray]
"""factors and a resolution to uint8 [N, 3, resolution, resolution]"""


def in_both_forms(first: Paint, second: Paint, rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number in their first and second form, uint8 [N, 2, 3, resolution, resolution]."""
    scenes = factors(rows, SEED)
    return np.stack((painted(scenes, resolution, first), painted(scenes, resolution, second)), 1)


def side_by_side(first: Paint, second: Paint) -> ImageWorld:
    """Pairs: each scene in both forms."""

    def render(rows: np.ndarray, resolution: int) -> np.ndarray:
        return np.concatenate(tuple(in_both_forms(first, second, rows, resolution).swapaxes(0, 1)), 3)

    return ImageWorld(render=render, panels=2)


def one_form_each(first: Paint, second: Paint, classes: tuple[str, str]) -> ImageWorld:
    """Two kinds of images: even scenes in the first form and odd ones in the second, so no scene in both."""

    def render(rows: np.ndarray, resolution: int) -> np.ndarray:
        return np.asarray(in_both_forms(first, second, rows, resolution)[np.arange(len(rows)), rows % 2])

    return ImageWorld(render=render, labels=lambda rows: rows % 2, classes=classes)
