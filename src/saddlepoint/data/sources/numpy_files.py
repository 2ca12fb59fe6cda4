"""numpy's .npy and .npz files, looked at before they are read: nothing is unpickled, no more is taken than is there."""

from __future__ import annotations

import io
import zipfile
from typing import BinaryIO

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.errors import DataError

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


def read_npz(stream: BinaryIO, wanted: tuple[str, ...], axes: tuple[int, ...]) -> np.ndarray:
    """The array of a .npz file that is called one of `wanted`, else the only one with a number of axes in `axes`.

    Raises UnusableFile where there is none, or more than one that may be meant.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            arrays: dict[str, np.ndarray] = {}
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if entry.file_size > MOST_BYTES:
                    raise UnusableFile(f"{name} unpacks to {entry.file_size:,} bytes, more than {MOST_BYTES:,}")
                if entry.filename.endswith(".npy") and (name in wanted or len(archive.filelist) <= 16):
                    with archive.open(entry) as file:
                        content = file.read(entry.file_size)
                    try:
                        arrays[name] = read_npy(io.BytesIO(content), len(content))
                    except UnusableFile:
                        if name in wanted:
                            raise
    except DataError:
        raise
    except Exception as error:  # a damaged zip makes the reader raise nearly anything
        raise UnusableFile(f"is not a .npz file: {error}") from error
    chosen = next((arrays[name] for name in wanted if name in arrays), None)
    if chosen is not None:
        return chosen
    fitting = [array for array in arrays.values() if array.ndim in axes]
    if len(fitting) != 1:
        raise UnusableFile(f"holds {len(fitting)} arrays that may be meant: call one {wanted[0]}")
    return fitting[0]
