"""CIFAR-10 as its author gives it: binary or Python batches, loose or in their tar. Krizhevsky 2009.

The Python batches are pickles. What they hold is read without running them, and within bounds (`storage.pickles`).
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.data.sources.pictures import ArrayPictures
from saddlepoint.errors import DataError
from saddlepoint.storage.pickles import Budget, Shell, unpickled
from saddlepoint.storage.plain import Unfit, content, judged

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32
_MEND = "Use the binary version of CIFAR-10 (cifar-10-binary.tar.gz)."
_NAME = re.compile(r"(data_batch_\d|test_batch)(\.bin)?")
_ARCHIVE = re.compile(r"cifar-10-(binary|python)\.tar(\.gz)?")
_MOST_BATCH, _MOST_ARCHIVE = 2**28, 2**30
"""bytes of a batch and of all that an archive unpacks to; the official ones have 31 and 186 millions"""


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
    with judged(path, DataError, "Fetch it again."):
        if path.is_dir():
            return {file.name: content(file, _MOST_BATCH) for file in path.iterdir() if _NAME.fullmatch(file.name)}
        if _NAME.fullmatch(path.name):
            return {path.name: content(path, _MOST_BATCH)}
        with tarfile.open(path) as archive:
            return dict(_unpacked(archive))


def _unpacked(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """The batches in an archive by name. Raises Unfit where it would unpack to more than CIFAR-10 has."""
    size = 0
    for member in archive:
        size += max(member.size, 0)
        if size > _MOST_ARCHIVE:  # before any of it is unpacked
            raise Unfit(f"it unpacks to more than {_MOST_ARCHIVE:,} bytes")
        name = PurePosixPath(member.name).name
        if member.isfile() and _NAME.fullmatch(name) and (stream := archive.extractfile(member)) is not None:
            yield name, stream.read(_MOST_BATCH)


def _read(name: str, data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, 3, 32, 32] and int64 [N] of one batch."""
    if name.endswith(".bin"):
        if not data or len(data) % _RECORD:
            raise DataError(f"{name} has {len(data):,} bytes, not whole records of {_RECORD:,}: fetch it again.")
        rows = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
        pixels, labels = rows[:, 1:], rows[:, 0].astype(np.int64)
    else:
        batch = _unpickled(name, data)
        with judged(name, DataError, _MEND):
            pixels = _array(_entry(name, batch, "data"))
            labels = np.asarray(_entry(name, batch, "labels"), dtype=np.int64)
    if pixels.shape != (labels.size, _RECORD - 1) or not labels.size or labels.min() < 0 or labels.max() > 9:
        raise DataError(f"{name} does not hold CIFAR-10's 3,072 bytes an image with labels from 0 to 9.")
    return pixels.reshape(-1, 3, 32, 32), labels


def _entry(name: str, batch: Any, key: str) -> Any:
    for written in (key, key.encode()):  # text in the official files, which Python 2 wrote
        if isinstance(batch, dict) and written in batch:
            return batch[written]
    raise DataError(f"{name} has no entry {key!r}: it is not a CIFAR-10 batch.")


def _unpickled(name: str, data: bytes) -> Any:
    with judged(name, DataError, _MEND):
        return unpickled(io.BytesIO(data), Budget(), _no_tensor)


def _no_tensor(data: bytes) -> Tensor:
    raise Unfit("it holds a tensor")


def _array(value: Any) -> np.ndarray:
    """The bytes that an array of numpy is pickled as, in its shape."""
    if not isinstance(value, Shell) or not value.kind.endswith(".multiarray._reconstruct"):
        raise Unfit("its images are no array")
    _, shape, _, by_columns, numbers = value.state
    # Python 2 wrote them as text
    array = np.frombuffer(numbers.encode("latin-1") if isinstance(numbers, str) else numbers, np.uint8)
    return array.reshape(shape, order="F" if by_columns else "C")
