"""One image file to plain 8-bit grey or RGB, upright, without alpha; whatever had to be changed is remarked.

Kinds: JPEG, PNG, WebP, BMP, TIFF, GIF, PPM, all through Pillow. No other decoder is ever tried.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from saddlepoint.data.sources.remarks import Remark
from saddlepoint.errors import DataError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm"}
)
MOST_PIXELS = 100_000_000
_KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
Image.init()  # all decoders now: Pillow would load the rarer ones on first use, which is not safe in threads
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
_LARGE = 25_000_000
_one_large_at_a_time = threading.Lock()  # sixteen threads with 100 megapixels each would fill the memory


class UnusableImage(DataError):
    """An image file that cannot be used; the message is the reason in a few words."""


class TooLarge(UnusableImage):
    """An image of more pixels than are decoded at once."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded; width and height as shown, in pixels."""

    width: int
    height: int
    grey: bool


def header(stream: BinaryIO) -> Header:
    """Size and kind of an image file, without decoding it. Raises UnusableImage."""
    try:
        with _opened(stream) as image:
            width, height = image.size
            turned = _orientation(image) in range(5, 9)
            return Header(*((height, width) if turned else (width, height)), grey=image.mode in _GREY_MODES)
    except UnusableImage:
        raise
    except Exception as error:  # a malformed file makes Pillow raise nearly anything
        raise _unusable(error) from error


def decode(stream: BinaryIO, *, least: int | None = None, longest: bool = False) -> tuple[Image.Image, set[Remark]]:
    """An image file as mode "L" or "RGB", upright, first frame, and what was done to it.

    least: the side in pixels that will be needed; a JPEG may then be decoded at 1/2, 1/4 or 1/8 of its size, never
        under twice that side. It is the shorter side that counts, or the longer one with `longest`.
    Raises UnusableImage.
    """
    try:
        with _opened(stream) as image:
            large = image.width * image.height > _LARGE
            if least is not None:
                side = max(image.size) if longest else min(image.size)
                image.draft(None, tuple(-(-2 * least * length // side) for length in image.size))  # type: ignore[arg-type]
            with _one_large_at_a_time if large else nullcontext():
                return _plain(image)
    except UnusableImage:
        raise
    except Exception as error:  # a malformed file makes Pillow raise nearly anything
        raise _unusable(error) from error


def _opened(stream: BinaryIO) -> Image.Image:
    image = Image.open(stream, formats=_KINDS)
    if image.width * image.height > MOST_PIXELS:
        raise TooLarge(f"{image.width}x{image.height} is more than {MOST_PIXELS // 1_000_000} megapixels")
    return image


def _unusable(error: Exception) -> UnusableImage:
    if isinstance(error, UnidentifiedImageError):
        return UnusableImage("not an image of a known kind")
    if isinstance(error, Image.DecompressionBombError):
        return TooLarge(f"more than {MOST_PIXELS // 1_000_000} megapixels")
    return UnusableImage(f"could not be decoded: {str(error) or type(error).__name__}")


def _orientation(image: Image.Image) -> int:
    """The rotation mark, 1 (upright) to 8; a PNG that carries it behind its pixels, or a damaged one, counts as 1."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # malformed marks make Pillow raise nearly anything, and the pixels may be whole
        return 1


def _plain(image: Image.Image) -> tuple[Image.Image, set[Remark]]:
    remarks: set[Remark] = set()
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a camera's MPO is a JPEG with previews
        remarks.add(Remark.FRAMES)
    if _orientation(image) in range(2, 9):
        remarks.add(Remark.ROTATED)
    if any(";16" in str(tile) for tile in getattr(image, "tile", ())):
        remarks.add(Remark.DEEP)
    grey = image.mode in _GREY_MODES
    image.load()
    if Remark.ROTATED in remarks:
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(image, remarks)
    if image.mode in ("P", "PA"):
        remarks.add(Remark.PALETTE)
    if image.mode == "CMYK":
        remarks.add(Remark.CMYK)
    if image.has_transparency_data:
        remarks.add(Remark.ALPHA)
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if grey else "RGB"), remarks


def _eight_bits(image: Image.Image, remarks: set[Remark]) -> tuple[Image.Image, set[Remark]]:
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise UnusableImage("holds values that are not finite")
    lowest, highest = values.min(), values.max()
    if image.mode.startswith("I;16") or (Remark.DEEP in remarks and lowest >= 0 and highest <= 65535):
        remarks.add(Remark.DEEP)
        scaled = values / 257
    else:
        remarks.discard(Remark.DEEP)
        remarks.add(Remark.FLOAT)
        if not (lowest >= 0 and highest <= 1):
            values = (values - lowest) / max(highest - lowest, np.finfo(np.float64).tiny)
        scaled = values * 255
    if "transparency" in image.info:
        remarks.add(Remark.ALPHA)
        scaled[np.asarray(image) == image.info["transparency"]] = 255
    return Image.fromarray(np.rint(scaled).astype(np.uint8)), remarks
