"""The worlds as data sets: points (line, ring8, grid25, swissroll), shapes with classes or attributes, pairs (labels,
edges), and two kinds of images without pairs (styles, colours).
"""

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
from saddlepoint.data.world.attributes import ATTRIBUTES, attributes
from saddlepoint.data.world.mixtures import mixture
from saddlepoint.data.world.shapes import SHAPES, Factors, factors, render
from saddlepoint.data.world.swissroll import swissroll
from saddlepoint.data.world.translations import answer, pairs
from saddlepoint.errors import ConfigError

WORLDS = ("line", "ring8", "grid25", "swissroll", "shapes", "attributes", "labels", "edges", "styles", "colours")
POINTS = 100_000
IMAGES = 10_000
RESOLUTION = 32
_SMALL = 256 * 2**20  # bytes of images that are made in memory each time instead of being packed
_SEED = 0


def world_dataset(settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """A world by `settings.data`, "world:NAME": 100,000 points, or 10,000 images at 32 pixels or the asked resolution.

    The labels are the modes, the shapes, or the two kinds of styles and colours; labels and edges are pairs. Row i of
    shapes, attributes, styles and colours shows the factors that `shown_in` gives for it.
    Raises ConfigError for an unknown world, or a resolution of points.
    """
    name = settings.data.removeprefix("world:")
    if name in _IMAGES:
        return pack(_made_pictures(name, settings), settings, say)
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


def shown_in(rows: np.ndarray) -> Factors:
    """The known factors of rows of world:shapes, world:attributes, world:styles and world:colours."""
    return factors(rows, _SEED)


def in_both_forms(name: str, rows: np.ndarray, resolution: int) -> np.ndarray:
    """Rows of world:styles or world:colours in their first and second form, uint8 [N, 2, 3, resolution, resolution].

    The data shows even rows in the first and odd ones in the second, so no scene in both.
    """
    return np.stack(np.split(pairs(name, rows, resolution, _SEED), 2, axis=3), 1)


def lit_in(rows: np.ndarray, hue: float | np.ndarray, resolution: int) -> np.ndarray:
    """Rows of world:colours lit in a hue, 0 to 1, or each in its own [N]: uint8 [N, 3, resolution, resolution]."""
    return answer(rows, np.broadcast_to(hue, rows.shape), resolution, _SEED)


def _one_form(name: str) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda rows, resolution: np.asarray(in_both_forms(name, rows, resolution)[np.arange(len(rows)), rows % 2])


_IMAGES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "shapes": lambda rows, resolution: render(factors(rows, _SEED), resolution),
    "attributes": lambda rows, resolution: render(factors(rows, _SEED), resolution),
    "labels": lambda rows, resolution: pairs("labels", rows, resolution, _SEED),
    "edges": lambda rows, resolution: pairs("edges", rows, resolution, _SEED),
    "styles": _one_form("styles"),
    "colours": _one_form("colours"),
}
_KINDS = {"shapes": tuple(SHAPES), "styles": ("lit", "drawn"), "colours": ("cut out", "lit")}
"""the classes"""


def _made_pictures(name: str, settings: DataSettings) -> MadePictures:
    rows = np.arange(IMAGES)
    return MadePictures(
        source=settings.data,
        panels=2 if name in ("labels", "edges") else 1,
        labels=factors(rows, _SEED).shape if name == "shapes" else rows % 2 if name in _KINDS else None,
        classes=_KINDS.get(name, ()),
        attributes=attributes(factors(rows, _SEED)) if name == "attributes" else None,
        attribute_names=tuple(ATTRIBUTES) if name == "attributes" else (),
        world=name,
        resolution=settings.resolution or RESOLUTION,
    )


@final
@dataclass(frozen=True, kw_only=True)
class MadePictures(Pictures):
    """The first 10,000 images of a world, made when asked for, at the resolution that is wanted."""

    world: str
    resolution: int

    def __len__(self) -> int:
        return IMAGES

    def key(self) -> str:
        first = _IMAGES[self.world](np.arange(2), self.resolution)  # a world drawn in another way is another
        return json.dumps([self.world, _SEED, IMAGES, self.resolution, fingerprint(first, None)])

    def name(self, index: int) -> str:
        return f"image {index}"

    def header(self, index: int) -> Header:
        return Header(self.resolution * self.panels, self.resolution, grey=False)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        return as_picture(_IMAGES[self.world](np.array([index]), self.resolution)[0]), set()

    def whole(self) -> np.ndarray | None:
        if IMAGES * 3 * self.resolution**2 > _SMALL:
            return None
        return _IMAGES[self.world](np.arange(IMAGES), self.resolution)
