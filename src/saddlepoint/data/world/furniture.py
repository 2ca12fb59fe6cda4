"""Furniture as voxels: chairs, tables, sofas and shelves of many measures, which all stand the same way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

CLASSES = ("chair", "table", "sofa", "shelf")
SHAPES = 4000
RESOLUTION = 32
_MOST = 64  # voxels a side that are made

Box = tuple[float, float, float, float, float, float]
"""x, y, z of two corners, in a cube of side 1 whose floor is z = 0"""


@final
class Furniture(World):
    """4,000 pieces of furniture as grids of filled and empty voxels, 32 a side by default; classes come in turn."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Volumes have no colour and are not cut."""
        if settings.channels is not None:
            raise ConfigError(f"{settings.data} has volumes, not images: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= _MOST:
            raise ConfigError(f"{settings.data} is made of 8 to {_MOST} voxels a side, not {side}.")
        rows = range(SHAPES)
        volumes = np.stack([voxels(boxes(row), side) for row in rows])[:, None]
        labels = np.arange(SHAPES) % len(CLASSES)
        return Dataset(
            {"volume": volumes, "label": labels}, fingerprint(volumes, labels), settings.data, classes=CLASSES
        )


def boxes(row: int) -> list[Box]:
    """The boxes that piece number `row` is made of; a function of the row alone."""
    draw = numpy_generator(SEED, "furniture", row)
    make = (_chair, _table, _sofa, _shelf)[row % len(CLASSES)]
    return make(draw)


def voxels(parts: list[Box], side: int) -> np.ndarray:
    """A grid [side, side, side] of uint8, axes z, y, x: 1 where the middle of a voxel lies in a box; every box has at
    least one voxel in each direction."""
    grid = np.zeros((side, side, side), np.uint8)
    for box in parts:
        low, high = np.array(box[:3]), np.array(box[3:])
        start = np.clip(np.round(low * side), 0, side - 1).astype(int)
        end = np.clip(np.maximum(np.round(high * side).astype(int), start + 1), 1, side)
        grid[start[2] : end[2], start[1] : end[1], start[0] : end[0]] = 1
    return grid


def _legs(left: float, right: float, front: float, back: float, height: float, thick: float) -> list[Box]:
    corners = [(x, y) for x in (left, right - thick) for y in (front, back - thick)]
    return [(x, y, 0.0, x + thick, y + thick, height) for x, y in corners]


def _chair(draw: np.random.Generator) -> list[Box]:
    width, depth = draw.uniform(0.4, 0.65, 2)
    seat, back, thick = draw.uniform(0.3, 0.45), draw.uniform(0.75, 0.95), draw.uniform(0.06, 0.1)
    left, front = 0.5 - width / 2, 0.5 - depth / 2
    plate = (left, front, seat, left + width, front + depth, seat + thick)
    rest = (left, front + depth - thick, seat, left + width, front + depth, back)
    return [plate, rest, *_legs(left, left + width, front, front + depth, seat, thick)]


def _table(draw: np.random.Generator) -> list[Box]:
    width, depth = draw.uniform(0.6, 0.95, 2)
    top, thick = draw.uniform(0.35, 0.65), draw.uniform(0.06, 0.1)
    left, front = 0.5 - width / 2, 0.5 - depth / 2
    plate = (left, front, top, left + width, front + depth, top + thick)
    return [plate, *_legs(left, left + width, front, front + depth, top, thick)]


def _sofa(draw: np.random.Generator) -> list[Box]:
    width, depth = draw.uniform(0.75, 0.95), draw.uniform(0.4, 0.6)
    seat, back, arm = draw.uniform(0.2, 0.32), draw.uniform(0.5, 0.7), draw.uniform(0.1, 0.16)
    left, front = 0.5 - width / 2, 0.5 - depth / 2
    right, rear = left + width, front + depth
    body = (left, front, 0.0, right, rear, seat)
    rest = (left, rear - arm, 0.0, right, rear, back)
    height = seat + draw.uniform(0.1, 0.2)
    arms = [(x, front, 0.0, x + arm, rear, height) for x in (left, right - arm)]
    return [body, rest, *arms]


def _shelf(draw: np.random.Generator) -> list[Box]:
    width, depth, height = draw.uniform(0.4, 0.8), draw.uniform(0.25, 0.4), draw.uniform(0.75, 0.95)
    boards, thick = int(draw.integers(3, 6)), 0.06
    left, front = 0.5 - width / 2, 0.5 - depth / 2
    right, rear = left + width, front + depth
    sides = [(x, front, 0.0, x + thick, rear, height) for x in (left, right - thick)]
    levels = np.linspace(0, height - thick, boards)
    return [*sides, *((left, front, z, right, rear, z + thick) for z in levels)]


WORLD = Furniture()
