"""Worlds of images: 10,000 of them at any resolution, 32 pixels by default, each a function of its number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from PIL import Image

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.pack import pack
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import Header
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.sources.pictures import Pictures, as_picture
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.data.world.base import SEED, World

IMAGES = 10_000
RESOLUTION = 32
_SMALL = 256 * 2**20  # bytes of images that are made in memory each time instead of being packed


@final
@dataclass(frozen=True, kw_only=True)
class ImageWorld(World):
    """Images that are rendered by their number.

    render: rows [N] and a resolution to uint8 [N, 3, resolution, panels * resolution].
    panels: images that stand side by side in each; 2 for pairs.
    labels: rows [N] to int64 [N]; classes: their names. attributes: rows [N] to uint8 [N, K] of 0 and 1;
    attribute_names: of the K.
    """

    render: Callable[[np.ndarray, int], np.ndarray]
    panels: int = 1
    labels: Callable[[np.ndarray], np.ndarray] | None = None
    classes: tuple[str, ...] = ()
    attributes: Callable[[np.ndarray], np.ndarray] | None = None
    attribute_names: tuple[str, ...] = ()

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        return pack(self.pictures(settings), settings, say)

    def pictures(self, settings: DataSettings) -> WorldPictures:
        """The images as a source, before they are packed."""
        rows = np.arange(IMAGES)
        return WorldPictures(
            source=settings.data,
            panels=self.panels,
            labels=None if self.labels is None else self.labels(rows),
            classes=self.classes,
            attributes=None if self.attributes is None else self.attributes(rows),
            attribute_names=self.attribute_names,
            render=self.render,
            resolution=max(settings.size or (RESOLUTION,)),
        )


@final
@dataclass(frozen=True, kw_only=True)
class WorldPictures(Pictures):
    """The first 10,000 images of a world, rendered when asked for, at the resolution that is wanted."""

    render: Callable[[np.ndarray, int], np.ndarray]
    resolution: int

    def __len__(self) -> int:
        return IMAGES

    def key(self) -> str:
        first = self.render(np.arange(2), self.resolution)  # a world drawn in another way is another
        name = self.source.removeprefix("world:")
        return json.dumps([name, SEED, IMAGES, self.resolution, fingerprint(first, None)])

    def name(self, index: int) -> str:
        return f"image {index}"

    def header(self, index: int) -> Header:
        return Header(self.resolution * self.panels, self.resolution, grey=False)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        return as_picture(self.render(np.array([index]), self.resolution)[0]), set()

    def whole(self) -> np.ndarray | None:
        if IMAGES * 3 * self.resolution**2 > _SMALL:
            return None
        return self.render(np.arange(IMAGES), self.resolution)
