"""Two domains with the same classes: white shapes on black, labelled, and shapes blended into coloured stripes, not.

The second is made as MNIST-M is (Ganin & Lempitsky 2015, arXiv:1409.7495, section 4): the absolute difference of a
texture and the first. Which shape each shows is known of both.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.forms import in_both_forms
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.light import as_bytes
from saddlepoint.data.world.shapes import SHAPES, Factors, coverage, distances, factors

NAMES = ("circle", "ring", "cross", "triangle")
UNTOLD = len(NAMES)
"""the label of images of the second domain"""
_KINDS = np.array([list(SHAPES).index(name) for name in NAMES])


def truth(rows: np.ndarray) -> np.ndarray:
    """Which of `NAMES` each image shows, of either domain: int64 [N]."""
    return factors(rows, SEED).colour % len(NAMES)


def both(rows: np.ndarray, resolution: int) -> np.ndarray:
    """Scenes by number in both domains, uint8 [N, 2, 3, resolution, resolution]; even rows are shown in the first."""
    return in_both_forms(_white, _blended, rows, resolution)


def _white(scenes: Factors, resolution: int) -> np.ndarray:
    scenes = dataclasses.replace(scenes, shape=_KINDS[scenes.colour % len(NAMES)])
    inside = coverage(distances(scenes, resolution))[:, None]
    return as_bytes(np.repeat(255 * inside, 3, 1))


def _blended(scenes: Factors, resolution: int) -> np.ndarray:
    place = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution
    angle, phase = (2 * np.pi * each[:, None, None] for each in (scenes.hue, scenes.background / 3 + scenes.shape / 6))
    across = place[None, None, :] * np.cos(angle) + place[None, :, None] * np.sin(angle)
    waves = [np.sin(2 * np.pi * (2 + channel) * across + phase * (1 + channel)) for channel in range(3)]
    texture = 55 + 40 * np.stack(waves, 1)
    return as_bytes(np.abs(texture - _white(scenes, resolution)))


def _render(rows: np.ndarray, resolution: int) -> np.ndarray:
    return np.asarray(both(rows, resolution)[np.arange(len(rows)), rows % 2])


WORLD = ImageWorld(
    render=_render,
    labels=lambda rows: np.where(rows % 2, UNTOLD, truth(rows)),
    classes=(*NAMES, "unlabelled"),
)
