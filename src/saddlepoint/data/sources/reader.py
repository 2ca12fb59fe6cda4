"""One image file as training, translation, projection and the service all read it, with one set of remarks."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from PIL import Image

from saddlepoint.data.sources.decode import UnusableImage, decode
from saddlepoint.data.sources.fit import Fit, square
from saddlepoint.data.sources.remarks import Remark

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by channels"""


def read_image(
    source: Path | BinaryIO, channels: int | None = None, side: int | None = None, fit: Fit = "crop"
) -> tuple[Image.Image, set[Remark]]:
    """An image file as mode "L" or "RGB", upright, its first frame, and everything that was done to it.

    channels: 1 for grey, 3 for colour, 2 and 4 for these with alpha ("LA", "RGBA"); None leaves what it is. side: of
    the square, in pixels, that it is brought to by `fit`; None leaves its size. Raises UnusableImage, whose message is
    the reason, for whatever is wrong with the file.
    """
    alpha = channels in (2, 4)
    try:
        if isinstance(source, Path):
            with source.open("rb") as stream:
                image, remarks = decode(stream, alpha=alpha)
        else:
            image, remarks = decode(source, alpha=alpha)
    except UnusableImage:
        raise
    except Exception as error:
        raise UnusableImage(reason(error)) from error
    if channels is not None:
        image, channel_remarks = in_channels(image, channels)
        remarks = remarks | channel_remarks
    if side is not None:
        image, moved = square(image, side, fit)
        remarks = remarks | moved
    return image, remarks


def in_channels(image: Image.Image, channels: int) -> tuple[Image.Image, set[Remark]]:
    """An image as grey (1) or colour (3), or as these with alpha (2, 4) where it has one."""
    mode = MODES[channels]
    if image.mode == mode:
        return image, set()
    return image.convert(mode), {Remark.GREYED if channels < 3 else Remark.COLOURED}


def reason(error: Exception) -> str:
    """Why one file could not be used, in a few words."""
    if isinstance(error, UnusableImage):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    return f"could not be worked on: {str(error) or type(error).__name__}"
