"""One image file to plain 8-bit grey or RGB, upright, without alpha unless it is asked for; what was changed is
remarked.

Kinds: JPEG, PNG, WebP, BMP, TIFF, GIF, PPM, all through Pillow. No other decoder is ever tried.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
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
_DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
_STRIP = 64  # rows of deep grey that are scaled at once
_LARGE = 25_000_000
_one_large_at_a_time = threading.Lock()  # sixteen threads with 100 megapixels each would fill the memory


class UnusableImage(DataError):
    """An image file that cannot be used; the message is the reason in a few words."""


class TooLarge(UnusableImage):
    """An image of more pixels than are decoded at once."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded; width and height as shown, in pixels.

    deep: whether its grey has more than 8 bits, so that decoding it takes more room.
    """

    width: int
    height: int
    grey: bool
    deep: bool = False


def header(stream: BinaryIO) -> Header:
    """Size and kind of an image file, without decoding it. Raises UnusableImage."""
    try:
        with _opened(stream) as image:
            width, height = image.size
            turned = _orientation(image) in range(5, 9)
            sides = (height, width) if turned else (width, height)
            return Header(*sides, grey=image.mode in _GREY_MODES, deep=image.mode in _DEEP_MODES)
    except UnusableImage:
        raise
    except Exception as error:  # a malformed file makes Pillow raise nearly anything
        raise _unusable(error) from error


def decode(
    stream: BinaryIO, *, least: int | None = None, longest: bool = False, alpha: bool = False
) -> tuple[Image.Image, set[Remark]]:
    """An image file as mode "L" or "RGB", upright, first frame, and what was done to it.

    least: the side in pixels that will be needed; a JPEG may then be decoded at 1/2, 1/4 or 1/8 of its size, never
        under twice that side. It is the shorter side that counts, or the longer one with `longest`.
    alpha: keep what is transparent, as mode "LA" or "RGBA"; a file without it is unusable then.
    Raises UnusableImage.
    """
    try:
        with _opened(stream) as image:
            large = image.width * image.height > _LARGE
            if least is not None:
                side = max(image.size) if longest else min(image.size)
                image.draft(None, tuple(-(-2 * least * length // side) for length in image.size))  # type: ignore[arg-type]
            with _one_large_at_a_time if large else nullcontext():
                return _plain(image, alpha)
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


def _plain(image: Image.Image, alpha: bool = False) -> tuple[Image.Image, set[Remark]]:
    remarks: set[Remark] = set()
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a camera's MPO is a JPEG with previews
        remarks.add(Remark.FRAMES)
    if _orientation(image) in range(2, 9):
        remarks.add(Remark.ROTATED)
    if any(";16" in str(tile) for tile in getattr(image, "tile", ())):
        remarks.add(Remark.DEEP)
    if _foreign_profile(image.info.get("icc_profile")):
        remarks.add(Remark.PROFILE)
    grey = image.mode in _GREY_MODES
    image.load()
    if Remark.ROTATED in remarks:
        image = ImageOps.exif_transpose(image)
    if alpha and not image.has_transparency_data:
        raise UnusableImage("has no transparent part: erase what is to be filled, and save it as a PNG")
    if image.mode in _DEEP_MODES and not alpha:
        return _eight_bits(image, remarks)
    if image.mode in ("P", "PA"):
        remarks.add(Remark.PALETTE)
    if image.mode == "CMYK":
        remarks.add(Remark.CMYK)
    if alpha:
        return image.convert("RGBA").convert("LA" if grey else "RGBA"), remarks
    if image.has_transparency_data:
        remarks.add(Remark.ALPHA)
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if grey else "RGB"), remarks


def _foreign_profile(profile: object) -> bool:
    """Whether a colour profile (ICC) says by its description that the colours are others than sRGB's."""
    if not isinstance(profile, bytes) or not profile:
        return False
    return b"sRGB" not in profile and "sRGB".encode("utf-16-be") not in profile


def _eight_bits(image: Image.Image, remarks: set[Remark]) -> tuple[Image.Image, set[Remark]]:
    """Deep grey as 8 bits, some rows at a time: as float64 the whole would take eight times the room of its pixels."""
    ends = [(float(rows.min()), float(rows.max())) for rows in _strips(image)]
    if not np.isfinite(ends).all():  # the lowest of what holds a NaN is NaN
        raise UnusableImage("holds values that are not finite")
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    shift, scale = 0.0, 255.0
    if image.mode.startswith("I;16") or (Remark.DEEP in remarks and lowest >= 0 and highest <= 65535):
        remarks.add(Remark.DEEP)
        scale = 1 / 257
    else:
        remarks.discard(Remark.DEEP)
        remarks.add(Remark.FLOAT)
        if not (lowest >= 0 and highest <= 1):
            shift, scale = lowest, 255 / max(highest - lowest, np.finfo(np.float64).tiny)
    clear = image.info.get("transparency")
    if clear is not None:
        remarks.add(Remark.ALPHA)
    plain = np.empty((image.height, image.width), np.uint8)
    for top, rows in zip(range(0, image.height, _STRIP), _strips(image)):
        scaled = np.rint((rows.astype(np.float64) - shift) * scale).astype(np.uint8)
        plain[top : top + len(rows)] = scaled if clear is None else np.where(rows == clear, 255, scaled)
    return Image.fromarray(plain), remarks


def _strips(image: Image.Image) -> Iterator[np.ndarray]:
    """The pixels of an image, `_STRIP` rows at a time."""
    for top in range(0, image.height, _STRIP):
        yield np.asarray(image.crop((0, top, image.width, min(top + _STRIP, image.height))))
