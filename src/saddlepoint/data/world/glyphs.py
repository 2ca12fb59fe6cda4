"""Letters of no alphabet, 60 classes of 60 drawings each: every letter is a few strokes, every drawing wavers.

Letters from number 60 on are in no data set: for asking a model of what it has never seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import hashed_uniform

LETTERS, DRAWINGS = 60, 60
RESOLUTION = 16
_MOST = 64  # pixels a side that are made
_CORNERS = 5  # of the line that a letter is drawn with
_WAVER, _TURN, _GROWTH, _SHIFT = 0.1, 0.5, 0.25, 0.25  # of a drawing: its corners, its angle, its size, its place
_PEN = 0.11  # half the width of the line, where the image spans [-1, 1]


def render(letter: np.ndarray, drawing: np.ndarray, resolution: int) -> np.ndarray:
    """Drawings by letter and by number, [N] each: uint8 [N, 1, resolution, resolution], white on black."""

    def chance(rows: np.ndarray, *name: object) -> np.ndarray:
        return hashed_uniform(rows, SEED, "glyphs", *name) * 2 - 1

    each = letter * 100_003 + drawing  # a number of its own for each drawing
    corners = np.stack(
        [
            np.stack(
                [0.6 * chance(letter, "corner", k, axis) + _WAVER * chance(each, "waver", k, axis) for axis in "xy"], 1
            )
            for k in range(_CORNERS)
        ],
        1,
    )  # [N, corners, 2]
    angle, size = _TURN * chance(each, "turn"), 1 + _GROWTH * chance(each, "size")
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], 1).reshape(-1, 2, 2)
    shift = np.stack([chance(each, "x"), chance(each, "y")], 1) * _SHIFT
    corners = size[:, None, None] * corners @ turn.transpose(0, 2, 1) + shift[:, None]
    axis = (2 * np.arange(resolution) + 1) / resolution - 1
    place = np.stack(np.meshgrid(axis, axis, indexing="xy"), -1).reshape(-1, 2)
    far = np.full((len(letter), len(place)), np.inf)
    for start, end in zip(corners.swapaxes(0, 1)[:-1], corners.swapaxes(0, 1)[1:]):
        far = np.minimum(far, _from_segment(place, start, end))
    inside = np.clip(0.5 + (_PEN - far) * resolution / 2, 0, 1)
    return np.rint(255 * inside).astype(np.uint8).reshape(-1, 1, resolution, resolution)


def _from_segment(place: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of each place [P, 2] from each segment [N, 2]: [N, P]."""
    along = end - start
    offset = place[None] - start[:, None]
    share = np.clip((offset * along[:, None]).sum(2) / np.maximum((along**2).sum(1), 1e-9)[:, None], 0, 1)
    return np.asarray(np.linalg.norm(offset - share[:, :, None] * along[:, None], axis=2))


@final
class Glyphs(World):
    """3,600 grey images, 16 pixels a side by default, with a class for each letter."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        if settings.channels not in (None, 1):
            raise ConfigError(f"{settings.data} is grey: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is made of 8 to {_MOST} pixels a side, not {side}.")
        number = np.arange(LETTERS * DRAWINGS)
        label, drawing = number // DRAWINGS, number % DRAWINGS
        parts = np.array_split(number, 12)  # bounds the memory
        images = np.concatenate([render(label[part], drawing[part], side) for part in parts])
        names = tuple(f"letter {k:0{math.ceil(math.log10(LETTERS))}}" for k in range(LETTERS))
        return Dataset({"image": images, "label": label}, fingerprint(images, label), settings.data, classes=names)


WORLD = Glyphs()
