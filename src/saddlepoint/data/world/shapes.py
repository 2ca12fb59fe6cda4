"""Coloured shapes with known factors, at any resolution: image i is a function of (seed, i) alone.

Shapes are signed distances (negative inside, in units where the image spans [-1, 1]); a pixel is covered by how far
the edge is from its centre, so edges are smooth and every resolution shows the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.keyed import hashed_uniform

Plane = NDArray[np.floating]  # one number a pixel

COLOURS = {
    "red": (214, 39, 40),
    "orange": (255, 140, 20),
    "yellow": (240, 220, 50),
    "green": (44, 160, 60),
    "cyan": (40, 200, 210),
    "blue": (40, 90, 220),
    "purple": (140, 70, 190),
    "pink": (240, 130, 190),
}
BACKGROUNDS = {"black": (16, 16, 16), "grey": (112, 112, 112), "white": (240, 240, 240)}
RADII = (0.35, 0.65)
"""of the circle around a shape, the least and the most"""
_BLOCK = 256  # images rendered at once: bounds the memory


@dataclass(frozen=True, eq=False)
class Factors:
    """What each image shows; all arrays [N].

    shape, colour, background: int64, indices into SHAPES, COLOURS, BACKGROUNDS.
    hue: 0 to 1, once around the circle from red; for scenes of any hue instead of one of COLOURS.
    x, y: centre, x to the right and y downwards, where the image spans [-1, 1]. size: radius of the circle around the
    shape, in the same units, 0.35 to 0.65; that circle lies wholly inside. rotation: radians in [0, 2 pi), clockwise.
    """

    shape: np.ndarray
    colour: np.ndarray
    hue: np.ndarray
    background: np.ndarray
    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    rotation: np.ndarray

    def rows(self, chosen: slice) -> Factors:
        """Those of some of the images."""
        return Factors(**{name: getattr(self, name)[chosen] for name in Factors.__dataclass_fields__})


def factors(index: np.ndarray, seed: int = 0) -> Factors:
    """The factors of images number `index` (integers, [N]); image i depends on (seed, i) alone."""
    draw = {name: hashed_uniform(index, seed, "shapes", name) for name in Factors.__dataclass_fields__}
    size = RADII[0] + (RADII[1] - RADII[0]) * draw["size"]
    return Factors(
        shape=(draw["shape"] * len(SHAPES)).astype(np.int64),
        colour=(draw["colour"] * len(COLOURS)).astype(np.int64),
        hue=draw["hue"],
        background=(draw["background"] * len(BACKGROUNDS)).astype(np.int64),
        x=(1 - size) * (2 * draw["x"] - 1),
        y=(1 - size) * (2 * draw["y"] - 1),
        size=size,
        rotation=2 * math.pi * draw["rotation"],
    )


def render(scenes: Factors, resolution: int) -> np.ndarray:
    """The images of these factors, uint8 [N, 3, resolution, resolution]."""
    return painted(scenes, resolution, _flat)


def painted(scenes: Factors, resolution: int, paint: Callable[[Factors, int], np.ndarray]) -> np.ndarray:
    """What `paint` makes of the factors and the resolution, a block after the other: bounds the memory."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(scenes.shape), _BLOCK)]
    images = [paint(scenes.rows(block), resolution) for block in blocks]
    return images[0] if len(images) == 1 else np.concatenate(images)


def _flat(scenes: Factors, resolution: int) -> np.ndarray:
    inside = coverage(distances(scenes, resolution))
    front = np.array(list(COLOURS.values()), np.float32)[scenes.colour][:, :, None, None]
    back = np.array(list(BACKGROUNDS.values()), np.float32)[scenes.background][:, :, None, None]
    return np.asarray(np.rint(back + (front - back) * inside[:, None]).astype(np.uint8))


def coverage(distance: Plane) -> Plane:
    """How much of each pixel lies inside an edge, 0 to 1, from signed distances [N, H, W] of pixel centres to it."""
    return np.asarray(np.clip(0.5 - distance * (distance.shape[-1] / 2), 0, 1))


def distances(scenes: Factors, resolution: int) -> Plane:
    """From each pixel's centre to the shape's edge, negative inside, where the image spans [-1, 1].  [N, H, W]"""
    centre = (2 * np.arange(resolution, dtype=np.float32) + 1) / resolution - 1  # of each pixel
    across = centre[None, None, :] - scenes.x[:, None, None].astype(np.float32)
    down = centre[None, :, None] - scenes.y[:, None, None].astype(np.float32)
    cos, sin = (f(scenes.rotation)[:, None, None].astype(np.float32) for f in (np.cos, np.sin))
    size = scenes.size[:, None, None].astype(np.float32)
    u, v = (across * cos + down * sin) / size, (down * cos - across * sin) / size  # in the shape's own unit circle
    distance, kinds = np.empty_like(u), tuple(SHAPES.values())
    for number in np.unique(scenes.shape):
        rows = scenes.shape == number
        distance[rows] = kinds[number](u[rows], v[rows]) * size[rows]
    return np.asarray(distance)


def _circle(u: Plane, v: Plane) -> Plane:
    return np.hypot(u, v) - 1


def _ring(u: Plane, v: Plane) -> Plane:
    return np.abs(np.hypot(u, v) - 0.75) - 0.25


def _box(u: Plane, v: Plane, half_width: float, half_height: float) -> Plane:
    du, dv = np.abs(u) - half_width, np.abs(v) - half_height
    return np.hypot(np.maximum(du, 0), np.maximum(dv, 0)) + np.minimum(np.maximum(du, dv), 0)


def _square(u: Plane, v: Plane) -> Plane:
    return _box(u, v, math.sqrt(0.5), math.sqrt(0.5))


def _cross(u: Plane, v: Plane) -> Plane:
    return np.minimum(_box(u, v, 0.95, 0.3), _box(u, v, 0.3, 0.95))


def _polygon(corners: list[tuple[float, float]]) -> Callable[[Plane, Plane], Plane]:
    """Signed distance of a polygon: the nearest edge, negative where a ray to the right crosses edges an odd time."""

    def distance(u: Plane, v: Plane) -> Plane:
        nearest, inside = np.full_like(u, np.inf), np.zeros(u.shape, bool)
        for (u0, v0), (u1, v1) in zip(corners, corners[1:] + corners[:1]):
            du, dv = u1 - u0, v1 - v0
            along = np.clip(((u - u0) * du + (v - v0) * dv) / (du * du + dv * dv), 0, 1)
            nearest = np.minimum(nearest, np.hypot(u - u0 - along * du, v - v0 - along * dv))
            if dv:
                inside ^= ((v0 <= v) != (v1 <= v)) & (u < u0 + (v - v0) * (du / dv))
        return np.where(inside, -nearest, nearest)

    return distance


def _around(radii: list[float]) -> list[tuple[float, float]]:
    """Corners at equal angles, the first one up, at these distances from the centre."""
    angles = [2 * math.pi * number / len(radii) for number in range(len(radii))]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for radius, angle in zip(radii, angles)]


SHAPES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "circle": _circle,
    "ring": _ring,
    "square": _square,
    "cross": _cross,
    "triangle": _polygon(_around([1.0] * 3)),
    "star": _polygon(_around([1.0, 0.42] * 5)),
}

WORLD = ImageWorld(
    render=lambda rows, resolution: render(factors(rows, SEED), resolution),
    labels=lambda rows: factors(rows, SEED).shape,
    classes=tuple(SHAPES),
)
