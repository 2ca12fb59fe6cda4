"""Pieces of furniture as clouds with parts: the chairs, tables, sofas and shelves of world:furniture, each point with
the part that it lies on."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.furniture import CLASSES, Box, boxes
from saddlepoint.data.world.solids import refuse_sizes
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.parts import Parts

SHAPES = 2000
POINTS = 256
PARTS = ("seat", "back", "leg", "top", "arm", "side", "board")
_NAMES = {
    "chair": ("seat", "back", *["leg"] * 4),
    "table": ("top", *["leg"] * 4),
    "sofa": ("seat", "back", "arm", "arm"),
    "shelf": ("side", "side", *["board"] * 8),
}
"""the part that each box of `furniture.boxes` is, in order"""
_NEAR = 1e-6


@final
class Pieces(World):
    """2,000 clouds of 256 points of four classes in turn, which all stand the same way round, with seven parts."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        refuse_sizes(settings, "clouds of 256 points")
        drawn = [points(row) for row in range(SHAPES)]
        clouds, parts = (np.stack(each) for each in zip(*drawn))
        labels = np.arange(SHAPES) % len(CLASSES)
        fields = {"cloud": clouds, "parts": parts, "label": labels}
        kinds = {"parts": Parts(POINTS, PARTS)}
        return Dataset(fields, fingerprint(clouds, labels), settings.data, classes=CLASSES, kinds=kinds)


def points(row: int) -> tuple[np.ndarray, np.ndarray]:
    """Piece number `row`: points even over its outer surface, float32 [256, 3], centred, the longest side from -1 to 1;
    and the part of each, uint8 [256]."""
    draw = numpy_generator(SEED, "piece", row)
    solids = boxes(row)
    names = _NAMES[CLASSES[row % len(CLASSES)]]
    areas = np.array([_area(box) for box in solids])
    places, owner = np.zeros((0, 3)), np.zeros(0, np.int64)
    while len(places) < POINTS:
        chosen = draw.choice(len(solids), 2 * POINTS, p=areas / areas.sum())
        fresh = _on_boxes(np.array(solids)[chosen], draw)
        outside = np.ones(len(fresh), bool)
        for number, box in enumerate(solids):
            inside = (fresh > np.array(box[:3]) - _NEAR).all(1) & (fresh < np.array(box[3:]) + _NEAR).all(1)
            outside &= ~inside | (chosen == number)
        places, owner = np.concatenate((places, fresh[outside])), np.concatenate((owner, chosen[outside]))
    places, owner = places[:POINTS], owner[:POINTS]
    corners = np.array(solids)
    low, high = corners[:, :3].min(0), corners[:, 3:].max(0)
    fitted = (places - (low + high) / 2) / ((high - low).max() / 2)
    numbers = np.array([PARTS.index(name) for name in names[: len(solids)]], np.uint8)
    return fitted.astype(np.float32), numbers[owner]


def _area(box: Box) -> float:
    a, b, c = (high - low for low, high in zip(box[:3], box[3:]))
    return a * b + b * c + c * a


def _on_boxes(corners: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One point even over the surface of each box [n, 6].  [n, 3]"""
    low, high = corners[:, :3], corners[:, 3:]
    size = high - low
    sides = np.stack((size[:, 1] * size[:, 2], size[:, 0] * size[:, 2], size[:, 0] * size[:, 1]), 1)
    shares = np.cumsum(sides, 1) / sides.sum(1, keepdims=True)
    axis = (draw.random(len(low))[:, None] > shares[:, :2]).sum(1)
    spot = draw.random(low.shape)
    spot[np.arange(len(low)), axis] = draw.integers(0, 2, len(low))
    return low + spot * size  # type: ignore[no-any-return]


WORLD = Pieces()
