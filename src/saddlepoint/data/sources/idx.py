"""IDX files, the form of MNIST and Fashion-MNIST: http://yann.lecun.com/exdb/mnist. Plain or gzipped."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from saddlepoint.data.sources.pictures import ArrayPictures
from saddlepoint.errors import DataError
from saddlepoint.text import counted

PARTS = ("train", "t10k")
_GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> np.ndarray:
    """The bytes of an IDX file as a uint8 array of its own shape. Raises DataError when it is not one, or cut short."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): fetch it again.") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise DataError(f"{path} is not an IDX file of bytes (it must begin with 00 00 08).")
    start = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:start]) if len(data) >= start else ()
    expected = start + int(np.prod(shape, dtype=object))
    if len(data) != expected or not shape:
        raise DataError(f"{path} has {len(data):,} bytes where its header announces {expected:,}: fetch it again.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def is_idx(path: Path) -> bool:
    """Whether a file is named as the official sets name theirs, or begins like an IDX file."""
    if "ubyte" in path.name:
        return True
    with path.open("rb") as file:
        return file.read(3) == b"\0\0\x08"


def find_idx(folder: Path, levels: int = 3) -> Path | None:
    """The official image file in `folder`, or in one of the `levels` - 1 below it; the training part first."""
    for part in PARTS:
        for level in range(levels):
            files = sorted(folder.glob(f"{'*/' * level}{part}-images?idx3-ubyte*"))
            if files:
                return files[0]
    return None


def idx_pictures(path: Path, source: str, classes: tuple[str, ...] = ()) -> ArrayPictures:
    """Grey images of an IDX file, with labels when their file lies beside it under the official name.

    classes: names by label; by default the labels' own numbers.
    """
    images = read_idx(path)
    if images.ndim != 3:
        raise DataError(f"{path} holds an array of {images.ndim} axes, not images of three (count, height, width).")
    beside = _labels_beside(path)
    labels = read_idx(beside).astype(np.int64) if beside else None
    if labels is not None and labels.shape != images.shape[:1]:
        raise DataError(f"{path} holds {counted(len(images), 'image')} and {beside} labels of shape {labels.shape}.")
    if labels is not None and not classes:
        classes = tuple(str(number) for number in range(int(labels.max(initial=-1)) + 1))
    notes = () if beside else ("no file of labels lies beside the images: they have no classes",)
    if path.name.startswith("t10k"):
        notes = (*notes, "this is the test part (t10k): training on it")
    return ArrayPictures(
        source=source,
        labels=labels,
        classes=classes if labels is not None else (),
        notes=notes,
        pixels=images[:, None],
    )


def _labels_beside(path: Path) -> Path | None:
    stem = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for name in (stem, stem + ".gz"):
        beside = path.with_name(name)
        if beside != path and beside.is_file():
            return beside
    return None
