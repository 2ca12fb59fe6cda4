"""CIFAR-10 as its author gives it: binary or Python batches, loose or in their tar. Krizhevsky 2009.

The Python batches are pickles. They are read by an unpickler that can rebuild arrays of plain numbers and nothing else.
"""

from __future__ import annotations

import io
import pickle
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from saddlepoint.data.sources.pictures import ArrayPictures
from saddlepoint.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32
_NAME = re.compile(r"(data_batch_\d|test_batch)(\.bin)?")
_ARCHIVE = re.compile(r"cifar-10-(binary|python)\.tar(\.gz)?")
_EMPTY_ARRAY = np.empty(0).__reduce__()[0]  # what numpy itself names in a pickle; its module moved with numpy 2
_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
}


def is_cifar(path: Path) -> bool:
    """Whether a file is named like a batch of CIFAR-10 or like its archive."""
    return bool(_NAME.fullmatch(path.name) or _ARCHIVE.fullmatch(path.name))


def find_cifar(folder: Path) -> Path | None:
    """The place of the batches in `folder`: itself, the official folder in it, or the official archive in it."""
    for place in (folder, *sorted(folder.glob("cifar-10-batches-*"))):
        if place.is_dir() and any(_NAME.fullmatch(path.name) for path in place.iterdir()):
            return place
    return next((path for path in sorted(folder.iterdir()) if _ARCHIVE.fullmatch(path.name)), None)


def cifar_pictures(path: Path, source: str) -> ArrayPictures:
    """The training batches at `path`: a batch, a folder of them, or their archive; the test batch if there is no other.

    Raises DataError for a batch that is cut short or that asks to run code.
    """
    batches = _batches(path)
    training = sorted(name for name in batches if name.startswith("data"))
    notes = () if training else ("only the test batch is there: training on it",)
    read = [_read(name, batches[name]) for name in training or sorted(batches)]
    if not read:
        raise DataError(f"{path} holds no CIFAR-10 batch (data_batch_1 to data_batch_5, with or without .bin).")
    return ArrayPictures(
        source=source,
        labels=np.concatenate([labels for _, labels in read]),
        classes=CLASSES,
        notes=notes,
        pixels=np.concatenate([pixels for pixels, _ in read]),
    )


def _batches(path: Path) -> dict[str, bytes]:
    """Batches by their official names."""
    try:
        if path.is_dir():
            return {file.name: file.read_bytes() for file in path.iterdir() if _NAME.fullmatch(file.name)}
        if _NAME.fullmatch(path.name):
            return {path.name: path.read_bytes()}
        with tarfile.open(path) as archive:
            members = {PurePosixPath(member.name).name: member for member in archive if member.isfile()}
            streams = {name: archive.extractfile(members[name]) for name in members if _NAME.fullmatch(name)}
            return {name: stream.read() for name, stream in streams.items() if stream is not None}
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read ({error}): fetch it again.") from error


def _read(name: str, data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, 3, 32, 32] and int64 [N] of one batch."""
    if name.endswith(".bin"):
        if not data or len(data) % _RECORD:
            raise DataError(f"{name} has {len(data):,} bytes, not whole records of {_RECORD:,}: fetch it again.")
        rows = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
        pixels, labels = rows[:, 1:], rows[:, 0].astype(np.int64)
    else:
        batch = _unpickled(name, data)
        pixels = np.asarray(_entry(name, batch, "data"))
        labels = np.asarray(_entry(name, batch, "labels"), dtype=np.int64)
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), _RECORD - 1) or labels.min() < 0 or labels.max() > 9:
        raise DataError(f"{name} does not hold CIFAR-10's 3,072 bytes an image with labels from 0 to 9.")
    return pixels.reshape(-1, 3, 32, 32), labels


def _entry(name: str, batch: Any, key: str) -> Any:
    for written in (key.encode(), key):  # bytes in the official files, which Python 2 wrote
        if isinstance(batch, dict) and written in batch:
            return batch[written]
    raise DataError(f"{name} has no entry {key!r}: it is not a CIFAR-10 batch.")


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")
        return _ADMITTED[module, name]


def _unpickled(name: str, data: bytes) -> Any:
    try:
        return _ArraysOnly(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a crafted pickle can raise anything
        raise DataError(
            f"{name} is refused: {error}. Use the binary version of CIFAR-10 (cifar-10-binary.tar.gz)."
        ) from error
