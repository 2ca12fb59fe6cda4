"""Two forms of every scene, with a true map between them, so that a translation can be judged by what it should be.

labels  a map of what each pixel shows      -> the scene under a light, in the colour of its shape
edges   the outline                         -> the same
styles  the scene under a light             -> a drawing of it on paper, in the same colour; never paired in training
colours the shape cut out of black paper    -> the scene under a light, in any hue; never paired in training
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from saddlepoint.data.world.shapes import COLOURS, Factors, Plane, coverage, distances, factors, painted

_LABELS = np.array([(255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255)], np.float32)
_COLOURS = np.array(list(COLOURS.values()), np.float32)
_PAPER, _INK, _LINE = 245.0, 25.0, 0.05  # grey levels, and half the width of a line where the image spans [-1, 1]
_SHADOW, _SLOPE = 0.14, 0.3  # how far it falls, and how deep inside a shape is fully lit
_SATURATION, _VALUE = 0.85, 0.95  # of a hue


def pairs(world: str, index: np.ndarray, resolution: int, seed: int) -> np.ndarray:
    """Both forms of scenes number `index` side by side, uint8 [N, 3, resolution, 2 resolution]."""
    first, second = FORMS[world]
    shown = factors(index, seed)
    return np.concatenate((painted(shown, resolution, first), painted(shown, resolution, second)), 3)


def answer(index: np.ndarray, hue: np.ndarray, resolution: int, seed: int) -> np.ndarray:
    """Scenes number `index` under a light, each in its `hue` [N], 0 to 1: what their cut-outs may become.

    uint8 [N, 3, resolution, resolution]
    """
    return painted(dataclasses.replace(factors(index, seed), hue=hue), resolution, _lit_in_any_hue)


def _label_map(shown: Factors, resolution: int) -> np.ndarray:
    """One colour for each shape, black around it, no smooth edges."""
    inside = distances(shown, resolution)[:, None] < 0
    return np.asarray(np.where(inside, _LABELS[shown.shape][:, :, None, None], 0).astype(np.uint8))


def _outline(shown: Factors, resolution: int) -> np.ndarray:
    line = coverage(np.abs(distances(shown, resolution)) - _LINE)
    return _bytes(np.repeat(255 * (1 - line[:, None]), 3, 1))


def _cut_out(shown: Factors, resolution: int) -> np.ndarray:
    inside = coverage(distances(shown, resolution))[:, None]
    return np.repeat(_over(np.full_like(inside, _PAPER), np.float32(_INK), inside[:, 0]), 3, 1)


def _lit_by_shape(shown: Factors, resolution: int) -> np.ndarray:
    """The colour follows from the shape, since neither a label map nor an outline tells another."""
    return _lit(dataclasses.replace(shown, colour=shown.shape), resolution)


def _lit(shown: Factors, resolution: int) -> np.ndarray:
    return _lit_in(_COLOURS[shown.colour], shown, resolution)


def _lit_in_any_hue(shown: Factors, resolution: int) -> np.ndarray:
    place = (np.array([5.0, 3.0, 1.0]) + 6 * shown.hue[:, None]) % 6  # of red, green and blue around the circle
    colour = 255 * _VALUE * (1 - _SATURATION * np.clip(np.minimum(place, 4 - place), 0, 1))
    return _lit_in(colour.astype(np.float32), shown, resolution)


def _lit_in(colour: np.ndarray, shown: Factors, resolution: int) -> np.ndarray:
    """Darker towards its edge, with a shadow to the lower right, on a ground that darkens downwards.  colour: [N, 3]"""
    distance = distances(shown, resolution)
    ground = np.broadcast_to(np.linspace(150, 90, resolution, dtype=np.float32)[:, None], distance.shape)
    fallen = dataclasses.replace(shown, x=shown.x + _SHADOW, y=shown.y + _SHADOW)
    ground = ground * (1 - 0.6 * coverage(distances(fallen, resolution)))
    light = 0.45 + 0.55 * np.clip(-distance / _SLOPE, 0, 1)
    return _over(ground[:, None], colour[:, :, None, None] * light[:, None], coverage(distance))


def _drawn(shown: Factors, resolution: int) -> np.ndarray:
    """Flat and pale, with a dark outline, on paper."""
    distance = distances(shown, resolution)
    pale = 0.4 * _PAPER + 0.6 * _COLOURS[shown.colour][:, :, None, None]
    filled = _over(np.full_like(distance[:, None], _PAPER), pale, coverage(distance))
    return _over(filled, np.float32(_INK), coverage(np.abs(distance) - _LINE))


def _over(back: Plane, front: Plane | np.float32, inside: Plane) -> np.ndarray:
    return _bytes(back + (front - back) * inside[:, None])


def _bytes(image: Plane) -> np.ndarray:
    return np.asarray(np.rint(image).astype(np.uint8))


Paint = Callable[[Factors, int], np.ndarray]
FORMS: Mapping[str, tuple[Paint, Paint]] = {
    "labels": (_label_map, _lit_by_shape),
    "edges": (_outline, _lit_by_shape),
    "styles": (_lit, _drawn),
    "colours": (_cut_out, _lit_in_any_hue),
}
