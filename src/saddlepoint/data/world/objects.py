"""Objects: one to three coloured shapes of three kinds, apart from one another, with the box around each."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, Factors, coverage, distances, painted
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.boxes import NONE, Boxes
from saddlepoint.kinds.image import Image

IMAGES, RESOLUTION, MOST = 5000, 32, 3
_MOST_SIDE = 256  # pixels a side that are made
KINDS = ("circle", "square", "triangle")
_NUMBERS = (0, 2, 4)  # of these among all shapes
_EDGES = {  # left, top, right and bottom of each, of a shape of size 1
    "circle": (-1.0, -1.0, 1.0, 1.0),
    "square": (-(0.5**0.5), -(0.5**0.5), 0.5**0.5, 0.5**0.5),
    "triangle": (-(0.75**0.5), -1.0, 0.75**0.5, 0.5),
}
_SIZES = (0.22, 0.4)
"""radius of the circle around a shape, the least and the most, where the image spans [-1, 1]"""


@final
class Objects(World):
    """5,000 colour images, 32 pixels a side by default, with a field of boxes."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        if settings.channels == 1:
            raise ConfigError(f"{settings.data} is of colours: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 16 <= side <= _MOST_SIDE:
            raise ConfigError(f"{settings.data} is made of 16 to {_MOST_SIDE} pixels a side, not {side}.")
        images, boxes = rendered(IMAGES, side)
        kinds = {"image": Image(3, side, side), "boxes": Boxes(MOST, KINDS)}
        return Dataset({"image": images, "boxes": boxes}, fingerprint(images, None), settings.data, kinds=kinds)


@cache
def rendered(count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [count, 3, side, side], and boxes float32 [count, 3, 6] of `kinds.boxes`."""
    draw = numpy_generator(SEED, "objects")
    many = draw.integers(1, MOST + 1, count)
    kind = draw.integers(len(KINDS), size=(count, MOST))
    colour = draw.integers(len(COLOURS), size=(count, MOST))
    back = draw.integers(len(BACKGROUNDS), size=count)
    size = draw.uniform(*_SIZES, (count, MOST))
    places = np.zeros((count, MOST, 2))
    for image in range(count):
        for number in range(many[image]):
            for _ in range(50):
                places[image, number] = draw.uniform(-1 + size[image, number], 1 - size[image, number], 2)
                apart = np.hypot(*(places[image, :number] - places[image, number]).T)
                if (apart > size[image, :number] + size[image, number]).all():
                    break
            else:  # no room for it: the image has fewer
                many[image] = number
                break
    images = np.empty((count, 3, side, side), np.uint8)
    images[:] = np.array(list(BACKGROUNDS.values()), np.uint8)[back][:, :, None, None]
    boxes = np.zeros((count, MOST, 6), np.float32)
    boxes[..., 0] = NONE
    for number in range(MOST):
        rows = np.flatnonzero(many > number)
        none = np.zeros(len(rows), np.int64)
        shape = np.array(_NUMBERS)[kind[rows, number]]
        x, y, radius = places[rows, number, 0], places[rows, number, 1], size[rows, number]
        shown = Factors(shape, colour[rows, number], none.astype(float), none, x, y, radius, none.astype(float))
        inside = painted(shown, side, lambda part, pixels: coverage(distances(part, pixels))[:, None])
        front = np.array(list(COLOURS.values()), np.float32)[colour[rows, number]][:, :, None, None]
        images[rows] = np.rint(images[rows] + (front - images[rows]) * inside).astype(np.uint8)
        edges = np.array([_EDGES[name] for name in KINDS])[kind[rows, number]] * radius[:, None]
        low, high = (edges[:, :2] + places[rows, number] + 1) / 2, (edges[:, 2:] + places[rows, number] + 1) / 2
        boxes[rows, number] = np.column_stack((kind[rows, number], np.ones(len(rows)), (low + high) / 2, high - low))
    return images, boxes


WORLD = Objects()
