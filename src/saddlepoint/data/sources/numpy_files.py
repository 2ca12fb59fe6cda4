"""numpy's .npy and .npz files, looked at before they are read: nothing is unpickled, no more is taken than is there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.errors import DataError
from saddlepoint.storage.plain import Unfit, opened, reason

MOST_BYTES = 2**30
"""bytes of the largest array that is read"""


class UnusableFile(UnusableImage):
    """A file that cannot be used; the message is the reason in a few words."""


def read_npy(stream: BinaryIO, size: int) -> np.ndarray:
    """The array of a .npy file of `size` bytes. Raises UnusableFile for what is none, is cut short or holds objects."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, dtype = read(stream)
    except (ValueError, EOFError, SyntaxError, TypeError) as error:
        raise UnusableFile(f"is not a .npy file: {str(error)[:120]}") from error
    if dtype.hasobject or dtype.kind not in "biuf":
        raise UnusableFile(f"holds {dtype}, not numbers")
    count = 1
    for length in shape:
        count *= length
    if count * dtype.itemsize > min(size, MOST_BYTES):
        raise UnusableFile(
            f"declares {count * dtype.itemsize:,} bytes, and has {size:,} (at most {MOST_BYTES:,} are read)"
        )
    content = stream.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise UnusableFile("is cut short")
    values = np.frombuffer(content, dtype, count)
    return values.reshape(shape, order="F" if by_columns else "C")


def read_npz(stream: BinaryIO, keys: tuple[str, ...], axes: tuple[int, ...]) -> np.ndarray:
    """The array of a .npz file that is called one of `keys`, else the only one with a number of axes in `axes`.

    Raises UnusableFile where there is none, or more than one that may be meant.
    """
    arrays = _unpacked(stream, keys, most_others=16)
    named = next((arrays[name] for name in keys if name in arrays), None)
    if named is not None:
        return named
    fitting = [array for array in arrays.values() if array.ndim in axes]
    if len(fitting) != 1:
        raise UnusableFile(f"holds {len(fitting)} arrays that could be the data: name one of them {keys[0]}")
    return fitting[0]


def read_arrays(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The arrays of a .npz file that are called so, by name; those that are not there are absent.

    Raises Unfit for what is no such file or larger than is read, and OSError where it cannot be opened.
    """
    with opened(path) as stream:
        try:
            return _unpacked(stream, names, most_others=0)
        except UnusableFile as error:
            raise Unfit(f"it {error}") from error


def _unpacked(stream: BinaryIO, keys: Collection[str], most_others: int) -> dict[str, np.ndarray]:
    """The arrays of a .npz file that `keys` name, and all of them where it has no more than `most_others` entries."""
    arrays: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if entry.file_size > MOST_BYTES:
                    raise UnusableFile(f"{name} unpacks to {entry.file_size:,} bytes, more than {MOST_BYTES:,}")
                if entry.filename.endswith(".npy") and (name in keys or len(archive.filelist) <= most_others):
                    with archive.open(entry) as file:
                        content = file.read(entry.file_size)
                    try:
                        arrays[name] = read_npy(io.BytesIO(content), len(content))
                    except UnusableFile:
                        if name in keys:
                            raise
    except DataError:
        raise
    except Exception as error:  # a damaged zip makes the reader raise nearly anything
        raise UnusableFile(f"is not a .npz file: {reason(error)}") from error
    return arrays
