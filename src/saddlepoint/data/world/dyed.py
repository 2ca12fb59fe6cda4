"""Scenes under a light, whose shapes have the colour of their kind: what a thing is tells its colour, brightness does
not. How light it is differs from scene to scene, and the ground is grey.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.light import as_bytes, lit_in_hue
from saddlepoint.data.world.shapes import COLOURS, SHAPES, Factors, factors, painted

_DARKEST = 0.5


def _dyed(scenes: Factors, resolution: int) -> np.ndarray:
    """Each kind of shape has its hue, evenly around the circle; the light is one of as many as there are colours."""
    picture = lit_in_hue(dataclasses.replace(scenes, hue=scenes.shape / len(SHAPES)), resolution)
    light = _DARKEST + (1 - _DARKEST) * scenes.colour / (len(COLOURS) - 1)
    return as_bytes(picture * light[:, None, None, None])


WORLD = ImageWorld(
    render=lambda rows, resolution: painted(factors(rows, SEED), resolution, _dyed),
    labels=lambda rows: factors(rows, SEED).shape,
    classes=tuple(SHAPES),
)
