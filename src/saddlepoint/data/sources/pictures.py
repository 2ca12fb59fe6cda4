"""Images as a source holds them, of any size and kind, before they are brought to one shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, final

import numpy as np
from PIL import Image

from saddlepoint.data.sources.decode import Header, UnusableImage, decode, header
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.kinds.tokens import Tokens

_PAIR = 1.7
"""times as wide as high that a picture of two images side by side is at least"""


@dataclass(frozen=True, kw_only=True)
class Pictures(ABC):
    """The images of one source, in a fixed order.

    source: the word or path it came from.
    panels: images that stand side by side in each, as wide as one another: 2 for pairs. More are several images of one
        scene, channel after channel; the last of them is what is to be made of the others.
    fields: what the two panels are called in a data set: a pair, or an image and its mask.
    any_shape: whether a picture of two panels may be of any shape; else it must be about twice as wide as high.
    labels: int64 [N], or None; classes: their names.
    attributes: uint8 [N, K] of 0 and 1, or None; attribute_names: of the K.
    cameras: float32 [N, 22] of `kinds.camera` for each image at its own size, or None.
    times: float32 [N] of `kinds.moment`, or None.
    boxes: float32 [N, most + 1, 6] of `sources.boxes` in pixels of each image, or None; box_names: of their classes.
    text: uint16 [N, L] of `kinds.tokens`, or None; text_kind: what its numbers are.
    notes, skipped: as in `Dataset`: what was known before anything was decoded.
    """

    source: str
    panels: int = 1
    any_shape: bool = False
    fields: tuple[str, str] = ("source", "target")
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    cameras: np.ndarray | None = None
    times: np.ndarray | None = None
    boxes: np.ndarray | None = None
    box_names: tuple[str, ...] = ()
    text: np.ndarray | None = None
    text_kind: Tokens | None = None
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def key(self) -> str:
        """A text that changes when an image, a label or the order may have changed."""

    @abstractmethod
    def name(self, index: int) -> str:
        """What to call an image in a message."""

    @abstractmethod
    def header(self, index: int) -> Header:
        """Size and kind, cheaply. Raises UnusableImage."""

    @abstractmethod
    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        """The image as mode "L" or "RGB"; `least` and `longest` as in `decode`. Raises UnusableImage."""

    def headers(self, index: int) -> tuple[Header, ...]:
        """Size and kind of each panel. Raises UnusableImage, also for what is too narrow to be two images."""
        whole = self.header(index)
        if self.panels == 1:
            return (whole,)
        if whole.width < self.panels:
            raise UnusableImage(f"is {whole.width}x{whole.height}: too narrow to be cut into {self.panels}")
        if not self.any_shape and whole.width < _PAIR * whole.height:
            raise UnusableImage(
                f"is {whole.width}x{whole.height}, where two images side by side are about twice as wide as high; give"
                " paired:FOLDER,FOLDER for pairs in two folders, or halves:FOLDER to cut it all the same"
            )
        return (replace(whole, width=whole.width // self.panels),) * self.panels

    def images(self, index: int, least: int, longest: bool) -> tuple[list[Image.Image], set[Remark]]:
        """The panels from left to right, each as `picture` would give it. Raises UnusableImage."""
        image, remarks = self.picture(index, least, longest)
        if self.panels == 1:
            return [image], remarks
        width = image.width // self.panels
        if image.width % self.panels and self.header(index).width % self.panels:
            remarks = remarks | {Remark.ODD}
        lefts = range(0, width * self.panels, width)
        return [image.crop((left, 0, left + width, image.height)) for left in lefts], remarks

    def whole(self) -> np.ndarray | None:
        """All images as they are, uint8 [N, C, H, W], where they lie in memory anyway; else None."""
        return None


@final
@dataclass(frozen=True, kw_only=True)
class FilePictures(Pictures):
    """Encoded files.

    listing: a text that changes when a file may have.
    stream: opens file `index` for reading; called in several threads at once.
    """

    names: Sequence[str]
    listing: str
    stream: Callable[[int], BinaryIO]

    def __len__(self) -> int:
        return len(self.names)

    def key(self) -> str:
        return self.listing

    def name(self, index: int) -> str:
        return self.names[index]

    def header(self, index: int) -> Header:
        with self._opened(index) as stream:
            return header(stream)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        with self._opened(index) as stream:
            return decode(stream, least=least, longest=longest)

    def _opened(self, index: int) -> BinaryIO:
        try:
            return self.stream(index)
        except UnusableImage:
            raise
        except OSError as error:
            raise UnusableImage(f"cannot be read: {error.strerror or error}") from error
        except ValueError as error:  # a name with a zero byte, from a table or a zip
            raise UnusableImage(f"cannot be opened: {error}") from error


@final
@dataclass(frozen=True, kw_only=True)
class ArrayPictures(Pictures):
    """Images that are already pixels: uint8 [N, C, H, W] with one or three channels."""

    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def key(self) -> str:
        return fingerprint(self.pixels, self.labels)

    def name(self, index: int) -> str:
        return f"image {index}"

    def header(self, index: int) -> Header:
        channels, height, width = self.pixels.shape[1:]
        return Header(width, height, channels == 1)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        return as_picture(self.pixels[index]), set()

    def whole(self) -> np.ndarray:
        return self.pixels


def as_picture(pixels: np.ndarray) -> Image.Image:
    """uint8 [C, H, W] as a Pillow image of mode "L" or "RGB"."""
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def as_pixels(image: Image.Image) -> np.ndarray:
    """A Pillow image of mode "L" or "RGB" as uint8 [C, H, W]."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
