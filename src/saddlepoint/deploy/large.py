"""An image that does not fit into the memory, translated from file to file: read, worked on and written in rows.

In memory lie two bands of one window's height; the rows that are done wait in a file without compression beside the
one that is written, which needs as much room on the disk as the pixels take.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.large import LargeImage, vips
from saddlepoint.deploy.metadata import Disclosure, encoded
from saddlepoint.deploy.tile import Work, bands
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.report.pace import paced
from saddlepoint.storage.whole import disk_errors, passing

_FORMS: dict[str, dict[str, Any]] = {
    ".png": {},
    ".tif": {"compression": "deflate", "predictor": "horizontal", "tile": True, "bigtiff": True},
    ".jpg": {"Q": 95},
}
_SAME = {".tiff": ".tif", ".jpeg": ".jpg"}
_SIGNATURE, _END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"
"""how a PNG begins and ends"""
_MOST_JPEG = 65_500
"""pixels of a side that a JPEG can have"""


def translate_large(
    image: LargeImage, target: Path, work: Work, side: int, overlap: int | None, disclosure: Disclosure
) -> None:
    """Write the translation of `image` to `target`, a PNG, TIFF or JPEG, with its disclosure, and say how it gets on.

    work: translates windows [n, C, side, side] in [-1, 1] into [n, D, k side, k side]. overlap: pixels that
    neighbours share; None for an eighth
    of the side. Both sides of the image are `side` or more.
    Raises ConfigError for an ending that is not written or an impossible overlap, UnusableImage where a row cannot be
    read, RunError where the disk will not take it; no half file stays behind.
    """
    check_target(target, image.width, image.height)
    overlap = side // 8 if overlap is None else overlap
    result = bands(_windows(image, side), image.height, image.width, work, side, overlap)
    first = next(result)  # says how large the result is
    channels, width = first.shape[0], first.shape[2]
    height = image.height * (width // image.width)
    check_target(target, width, height)
    rows = (band.transpose(0, 1) for band in chain([first], result))  # so that its length is that of its rows
    with _written(target, width, height, channels, disclosure) as file:
        for band in paced(rows, height, "rows"):
            file.write(to_uint8(band[None])[0].permute(0, 2, 1).numpy().tobytes())  # [rows, W, C]


def check_target(target: Path, width: int, height: int) -> None:
    """Raises ConfigError for a file that an image of this size cannot be written to."""
    form = _form(target)
    if form not in _FORMS:
        raise ConfigError(f"{target}: an image of {width}x{height} is written as .png, .tif or .jpg.")
    if form == ".jpg" and max(width, height) > _MOST_JPEG:
        raise ConfigError(f"{target}: a JPEG has at most {_MOST_JPEG:,} pixels a side, not {width}x{height}: use .tif.")


def _form(target: Path) -> str:
    ending = target.suffix.lower()
    return _SAME.get(ending, ending)


def _windows(image: LargeImage, side: int) -> Any:
    """Reads windows [C, side, side] in [-1, 1] at (row, column), row after row; each row of pixels is read once."""
    buffer = torch.empty(0, dtype=torch.uint8)
    first = -1

    def read(top: int, left: int) -> Tensor:
        nonlocal buffer, first
        if top != first:
            overlap_rows = buffer[:, top - first :] if first >= 0 else buffer
            have = overlap_rows.shape[1] if first >= 0 else 0
            new = torch.from_numpy(image.rows(top + have, side - have).copy())
            buffer, first = torch.cat((overlap_rows, new), 1) if have else new, top
        return pixels(buffer[None, :, :, left : left + side])[0]

    return read


@contextmanager
def _written(target: Path, width: int, height: int, channels: int, disclosure: Disclosure) -> Iterator[BinaryIO]:
    """A file for the raw rows, which become `target` when all are there."""
    library = vips()
    with (
        disk_errors(str(target)),
        passing(target) as whole_file,
        passing(target.with_suffix(".raw")) as raw,
    ):
        try:
            with raw.open("wb") as file:
                yield file
            kind = "b-w" if channels == 1 else "srgb"
            whole = library.Image.rawload(str(raw), width, height, channels, access="sequential")
            whole = whole.copy(interpretation=kind)
            if _form(target) != ".png":
                whole.set_type(library.GValue.blob_type, "xmp-data", _packet(disclosure))
            whole.write_to_file(str(whole_file), **_FORMS[_form(target)])
            if _form(target) == ".png":
                _add_chunks(whole_file, disclosure)
            whole_file.replace(target)
        except library.Error as error:
            raise OSError(str(error).strip()) from error


def _packet(disclosure: Disclosure) -> bytes:
    """The XMP packet of a disclosure, as a small JPEG has it."""
    with Image.open(io.BytesIO(encoded(Image.new("L", (1, 1)), disclosure, "jpeg"))) as picture:
        packet: bytes = picture.info["xmp"]
    return packet


def _add_chunks(path: Path, disclosure: Disclosure) -> None:
    """The texts that a small PNG would have, before the end of a large one: libvips writes XMP where few look."""
    small = encoded(Image.new("L", (1, 1)), disclosure, "png")
    texts, place = b"", len(_SIGNATURE)
    while place < len(small):
        size = 12 + int.from_bytes(small[place : place + 4], "big")  # length, kind and checksum beside the content
        texts += small[place : place + size] if small[place + 4 : place + 8] == b"iTXt" else b""
        place += size
    with path.open("r+b") as file:
        file.seek(-len(_END), os.SEEK_END)
        file.write(texts + _END)
