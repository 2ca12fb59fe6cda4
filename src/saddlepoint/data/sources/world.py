"""The worlds as data sets: world:line, world:ring8, world:grid25, world:swissroll, world:shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from PIL import Image

from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.pack import pack
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import Header
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.sources.pictures import Pictures, as_picture
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.data.world.mixtures import mixture
from saddlepoint.data.world.shapes import SHAPES, factors, render
from saddlepoint.data.world.swissroll import swissroll
from saddlepoint.errors import ConfigError

WORLDS = ("line", "ring8", "grid25", "swissroll", "shapes")
POINTS = 100_000
IMAGES = 10_000
RESOLUTION = 32
_SMALL = 256 * 2**20  # bytes of images that are made in memory each time instead of being packed
_SEED = 0


def world_dataset(settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """A world by `settings.data`, "world:NAME": 100,000 points, or 10,000 shapes at 32 pixels or the asked resolution.

    The labels are the modes or the shapes. Raises ConfigError for an unknown world, or a resolution of points.
    """
    name = settings.data.removeprefix("world:")
    if name == "shapes":
        return pack(_shape_pictures(settings), settings, say)
    modes = mixture(name)
    if modes is None and name != "swissroll":
        known = [f"world:{world}" for world in WORLDS]
        raise ConfigError(
            f"no world is called {settings.data}{nearest(settings.data, known)} Known: {', '.join(known)}."
        )
    if settings.resolution is not None or settings.channels is not None:
        raise ConfigError(f"{settings.data} has points, not images: leave out --resolution and --channels.")
    if modes is None:
        points = swissroll(POINTS, _SEED)
        return Dataset({"image": points}, fingerprint(points, None), settings.data)
    points, labels = modes.sample(POINTS, _SEED)
    classes = tuple(f"mode {number}" for number in range(len(modes.centres)))
    return Dataset({"image": points, "label": labels}, fingerprint(points, labels), settings.data, classes)


def _shape_pictures(settings: DataSettings) -> ShapePictures:
    return ShapePictures(
        source=settings.data,
        labels=factors(np.arange(IMAGES), _SEED).shape,
        classes=tuple(SHAPES),
        resolution=settings.resolution or RESOLUTION,
    )


@final
@dataclass(frozen=True, kw_only=True)
class ShapePictures(Pictures):
    """The first 10,000 shapes, made when asked for, at the resolution that is wanted."""

    resolution: int

    def __len__(self) -> int:
        return IMAGES

    def key(self) -> str:
        return json.dumps(["shapes", _SEED, IMAGES, self.resolution])

    def name(self, index: int) -> str:
        return f"image {index}"

    def header(self, index: int) -> Header:
        return Header(self.resolution, self.resolution, grey=False)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        return as_picture(render(factors(np.array([index]), _SEED), self.resolution)[0]), set()

    def whole(self) -> np.ndarray | None:
        if IMAGES * 3 * self.resolution**2 > _SMALL:
            return None
        return render(factors(np.arange(IMAGES), _SEED), self.resolution)
