"""Two kinds of images, never paired: an orange disc or a blue one, beside a square of any colour, on a lit ground.

What makes the kind is the disc alone, so a translation that changes more is wrong there.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from saddlepoint.data.world.forms import in_both_forms, one_form_each
from saddlepoint.data.world.light import PALETTE, over
from saddlepoint.data.world.shapes import COLOURS, SHAPES, Factors, coverage, distances

_ORANGE, _BLUE = (list(COLOURS).index(name) for name in ("orange", "blue"))
_SIZE = 0.38


def both(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number with an orange and with a blue disc, uint8 [N, 2, 3, resolution, resolution]."""
    return in_both_forms(_orange, _blue, rows, resolution)


def _orange(scenes: Factors, resolution: int) -> np.ndarray:
    return _scene(scenes, _ORANGE, resolution)


def _blue(scenes: Factors, resolution: int) -> np.ndarray:
    return _scene(scenes, _BLUE, resolution)


def _scene(scenes: Factors, colour: int, resolution: int) -> np.ndarray:
    """The disc lies in the left or right half, and the square in the other."""
    left = np.where(scenes.rotation < np.pi, -0.5, 0.5)
    size = np.full_like(scenes.size, _SIZE)

    def shape(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        kind = np.full_like(scenes.shape, list(SHAPES).index(name))
        return distances(dataclasses.replace(scenes, shape=kind, x=x, y=y, size=size), resolution)

    disc, square = shape("circle", left, scenes.y), shape("square", -left, scenes.x)
    ground = np.broadcast_to(np.linspace(170, 90, resolution, dtype=np.float32)[:, None], disc.shape)[:, None]
    picture = over(np.repeat(ground, 3, 1), PALETTE[scenes.colour][:, :, None, None], coverage(square))
    light = 0.5 + 0.5 * np.clip(-disc / 0.3, 0, 1)
    return over(picture, PALETTE[colour][:, None, None] * light[:, None], coverage(disc))


WORLD = one_form_each(_orange, _blue, ("orange", "blue"))
