"""Volumes from files: .npy, .npz and .binvox (Min 2004), one grid of voxels a file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np

from saddlepoint.data.sources.numpy_files import MOST_BYTES, UnusableFile, read_npy, read_npz

ENDINGS = (".npy", ".npz", ".binvox")
_NAMES = ("volume", "voxels", "occupancy", "data", "arr_0")
_MOST_SIDE = 1024
_CHANNELS = 4


def read_volume(name: str, stream: BinaryIO, size: int) -> np.ndarray:
    """One file as bytes [C, D, H, W], 0 to 255 as shares of being filled; axes are z, y, x.

    Bools and whole numbers 0 and 1 become 0 and 255, other bytes stay, and numbers in [0, 1] are scaled.
    Raises UnusableFile with the reason for anything else.
    """
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".binvox":
        values = read_binvox(stream, size)
    else:
        values = read_npz(stream, _NAMES, (3, 4)) if ending == ".npz" else read_npy(stream, size)
    if values.ndim == 3:
        values = values[None]
    if values.ndim != 4 or values.shape[0] > _CHANNELS or 0 in values.shape:
        raise UnusableFile(
            f"has the shape {list(values.shape)}; a volume is [D, H, W], or [C, D, H, W] of few channels"
        )
    if max(values.shape) > _MOST_SIDE:
        raise UnusableFile(f"has a side of {max(values.shape):,} voxels, more than {_MOST_SIDE:,}")
    return _bytes(values)


def _bytes(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    lowest, highest = values.min(), values.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise UnusableFile("holds values that are not finite")
    if lowest < 0 or highest > (1 if values.dtype.kind == "f" else 255):
        raise UnusableFile(f"holds values from {lowest:g} to {highest:g}; a volume is in 0 to 1, or in bytes")
    if values.dtype.kind == "f":
        return np.rint(values.astype(np.float32) * 255).astype(np.uint8)
    return values.astype(np.uint8) * (255 if highest <= 1 else 1)


def read_binvox(stream: BinaryIO, size: int) -> np.ndarray:
    """The grid of a .binvox file as bools [D, H, W] = [z, y, x] in the axes of the mesh that it was made from.

    Layout: patrickmin.com/binvox: the index is x * (D W) + z * W + y, in runs of (value, count). Raises UnusableFile.
    """
    head = stream.read(1024)
    match = re.match(rb"#binvox [0-9]{1,3}\r?\n(?P<lines>[ -~\r\n]*?)data\r?\n", head)
    dims = (
        re.search(rb"^dim ([0-9]{1,6}) ([0-9]{1,6}) ([0-9]{1,6})\s*$", match["lines"], re.MULTILINE) if match else None
    )
    if match is None or dims is None:
        raise UnusableFile("is not a .binvox file: it begins with #binvox 1, dim, translate, scale and data")
    x, z, y = (int(number) for number in dims.groups())
    count = x * z * y
    if not 0 < count <= min(_MOST_SIDE**3, MOST_BYTES):
        raise UnusableFile(f"declares {x}x{z}x{y} voxels, not 1 to {_MOST_SIDE} a side")
    if count > 255 * size:
        raise UnusableFile(f"declares {count:,} voxels, more than {size:,} bytes can hold")
    runs = np.frombuffer(head[match.end() :] + stream.read(size), np.uint8)
    if len(runs) % 2:
        raise UnusableFile("ends in the middle of a run")
    values, counts = runs[::2], runs[1::2]
    if int(counts.sum(dtype=np.int64)) != count or values.max(initial=0) > 1:
        raise UnusableFile(f"holds {int(counts.sum(dtype=np.int64)):,} voxels where its head declares {count:,}")
    grid = np.repeat(values, counts).reshape(x, z, y).astype(np.bool_)
    return np.ascontiguousarray(grid.transpose(1, 2, 0))
