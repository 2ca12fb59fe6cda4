"""Scenes under a light: shapes darker towards their edge, with a shadow, on a ground that darkens downwards."""

from __future__ import annotations

import dataclasses

import numpy as np

from saddlepoint.data.world.shapes import COLOURS, Factors, Plane, coverage, distances

PALETTE = np.array(list(COLOURS.values()), np.float32)
PAPER, INK, LINE = 245.0, 25.0, 0.05
"""grey levels of a drawing, and half the width of its line where the image spans [-1, 1]"""
_SHADOW, _SLOPE = 0.14, 0.3  # how far it falls, and how deep inside a shape is fully lit
_SATURATION, _VALUE = 0.85, 0.95  # of a hue


def lit(scenes: Factors, resolution: int) -> np.ndarray:
    """In the colour that the factors say.  uint8 [N, 3, resolution, resolution]"""
    return _lit_in(PALETTE[scenes.colour], scenes, resolution)


def lit_by_shape(scenes: Factors, resolution: int) -> np.ndarray:
    """In a colour that follows from the shape, since neither a label map nor an outline tells another."""
    return lit(dataclasses.replace(scenes, colour=scenes.shape), resolution)


def lit_in_hue(scenes: Factors, resolution: int) -> np.ndarray:
    """In the hue that the factors say."""
    place = (np.array([5.0, 3.0, 1.0]) + 6 * scenes.hue[:, None]) % 6  # of red, green and blue around the circle
    colour = 255 * _VALUE * (1 - _SATURATION * np.clip(np.minimum(place, 4 - place), 0, 1))
    return _lit_in(colour.astype(np.float32), scenes, resolution)


def _lit_in(colour: np.ndarray, scenes: Factors, resolution: int) -> np.ndarray:
    """colour: [N, 3]"""
    distance = distances(scenes, resolution)
    ground = np.broadcast_to(np.linspace(150, 90, resolution, dtype=np.float32)[:, None], distance.shape)
    shadow = dataclasses.replace(scenes, x=scenes.x + _SHADOW, y=scenes.y + _SHADOW)
    ground = ground * (1 - 0.6 * coverage(distances(shadow, resolution)))
    light = 0.45 + 0.55 * np.clip(-distance / _SLOPE, 0, 1)
    return over(ground[:, None], colour[:, :, None, None] * light[:, None], coverage(distance))


def over(back: Plane, front: Plane | np.float32, inside: Plane) -> np.ndarray:
    """One layer on another where it covers.  inside: [N, H, W], 0 to 1; uint8 [N, C, H, W]"""
    return as_bytes(back + (front - back) * inside[:, None])


def as_bytes(image: Plane) -> np.ndarray:
    """Levels of 0 to 255, rounded."""
    return np.asarray(np.rint(image).astype(np.uint8))
