"""Two kinds of images, never paired: scenes as a simulator draws them, and as a camera sees them.

The camera blurs, darkens what is dark and the corners, tints, and adds noise; what it sees is known without the noise.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.forms import in_both_forms
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.light import PALETTE, as_bytes
from saddlepoint.data.world.shapes import Factors, coverage, distances
from saddlepoint.keyed import hashed_uniform

_TINT = np.array((0.9, 1.0, 0.75), np.float32)[:, None, None]
_GAMMA, _NOISE = 1.8, 8.0  # of the curve of tones; levels, the standard deviation
_GROUND = np.array((96, 96, 96), np.float32)[:, None, None]


def both(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number, simulated and as a camera without noise sees them, uint8 [N, 2, 3, resolution, resolution]."""
    return in_both_forms(_simulated, _photographed, rows, resolution)


def _colours(scenes: Factors, resolution: int) -> np.ndarray:
    inside = coverage(distances(scenes, resolution))[:, None]
    paint = PALETTE[scenes.colour][:, :, None, None]
    return np.asarray(_GROUND + (paint - _GROUND) * inside, np.float32)


def _simulated(scenes: Factors, resolution: int) -> np.ndarray:
    return as_bytes(_colours(scenes, resolution))


def _photographed(scenes: Factors, resolution: int) -> np.ndarray:
    picture = _colours(scenes, resolution)
    for _ in range(2):
        for axis in (2, 3):
            near = np.pad(picture, [(1, 1) if place == axis else (0, 0) for place in range(4)], mode="edge")
            before, after = np.take(near, range(resolution), axis), np.take(near, range(2, resolution + 2), axis)
            picture = (before + 2 * picture + after) / 4
    place = (2 * np.arange(resolution, dtype=np.float32) + 1) / resolution - 1
    corner = 1 - 0.35 * (place[:, None] ** 2 + place**2) / 2
    return as_bytes(255 * (picture / 255) ** _GAMMA * _TINT * corner)


def _render(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Even scenes simulated, odd ones photographed with noise."""
    scenes = in_both_forms(_simulated, _photographed, rows, resolution)
    pictures = scenes[np.arange(len(rows)), rows % 2].astype(np.float32)
    count = 3 * resolution**2
    place = rows[:, None] * count + np.arange(count)
    one, other = (hashed_uniform(place, SEED, "camera", name) for name in ("radius", "angle"))
    noise = np.sqrt(-2 * np.log(np.maximum(one, 1e-12))) * np.cos(2 * np.pi * other)
    pictures += np.where(rows % 2, _NOISE, 0)[:, None, None, None] * noise.reshape(pictures.shape)
    return as_bytes(np.clip(pictures, 0, 255))


WORLD = ImageWorld(render=_render, labels=lambda rows: rows % 2, classes=("simulated", "photographed"))
