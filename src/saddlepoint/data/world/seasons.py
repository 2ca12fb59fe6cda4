"""Layouts with their scene under the sky and season that attributes say: night, snow, sunset, each by a coin."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.labels import _label_map
from saddlepoint.data.world.light import as_bytes, lit_by_shape
from saddlepoint.data.world.shapes import Factors, coverage, distances, factors, painted
from saddlepoint.keyed import hashed_uniform

NAMES = ("night", "snow", "sunset")


def attributes(rows: np.ndarray) -> np.ndarray:
    """Which attributes hold of each scene: uint8 [N, 3]."""
    return np.stack([hashed_uniform(rows, SEED, "seasons", name) < 0.5 for name in NAMES], 1).astype(np.uint8)


def answer(rows: np.ndarray, holds: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number as attributes [N, 3] say, uint8 [N, 3, resolution, resolution]."""
    scenes = factors(rows, SEED)
    picture = painted(scenes, resolution, lit_by_shape).astype(np.float32)
    inside = np.concatenate([_inside(scenes.rows(slice(i, i + 256)), resolution) for i in range(0, len(rows), 256)])
    night, snow, sunset = (holds[:, place, None, None, None].astype(np.float32) for place in range(3))
    ground = picture.mean(1, keepdims=True) * 0.25 + 180  # what is not covered, white but not flat
    picture = picture + snow * (1 - inside) * (ground - picture)
    picture = picture * (1 - sunset * np.array((0.0, 0.35, 0.6), np.float32)[:, None, None])
    return as_bytes(picture * (1 - night * np.array((0.75, 0.7, 0.5), np.float32)[:, None, None]))


def _inside(scenes: Factors, resolution: int) -> np.ndarray:
    return coverage(distances(scenes, resolution))[:, None]


def _render(rows: np.ndarray, resolution: int) -> np.ndarray:
    layouts = painted(factors(rows, SEED), resolution, _label_map)
    return np.concatenate((layouts, answer(rows, attributes(rows), resolution)), 3)


WORLD = ImageWorld(render=_render, panels=2, attributes=attributes, attribute_names=NAMES)
