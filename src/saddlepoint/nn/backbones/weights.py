"""Published weight files: fetched once by address, checked by sha256, kept in the cache; or read from a given path."""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from saddlepoint.data.sources.disk import cache_folder, writing_to
from saddlepoint.errors import DataError, OfflineError
from saddlepoint.storage.plain import judged
from saddlepoint.storage.torch_files import torch_file
from saddlepoint.storage.whole import passing

_SECONDS = 30  # without an answer before giving up


@dataclass(frozen=True)
class WeightFile:
    """One published file of weights."""

    name: str
    """the file's name in the cache"""
    url: str
    """where it is published"""
    sha256: str
    """its first hexadecimal digits, eight or more, as its publisher states them"""
    licence: str
    """of the weights"""


def load_weights(published: WeightFile, path: Path | None = None, cache: Path | None = None) -> dict[str, Tensor]:
    """The tensors of a published file by name, on the CPU; reading executes nothing.

    path: a file the user has, in the same layout, which is used as it is. None looks in `cache` (by default the cache
    folder of the library, under `weights/`) and fetches what is missing.
    Raises OfflineError when it cannot be fetched, DataError for a file that is damaged or holds something else.
    """
    file = path if path is not None else _cached(published, cache_folder(cache) / "weights")
    if not file.is_file():
        raise DataError(f"there is no weight file {file}.")
    with judged(file, DataError, f"Fetch {published.url} again"):
        state = torch_file(file)
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(f"{file} must hold named tensors, as {published.url} does.")
    return state


def _cached(published: WeightFile, folder: Path) -> Path:
    file = folder / published.name
    if file.is_file():
        return file
    with writing_to(folder), passing(file) as arriving:
        _fetch(published, arriving, file)
        arriving.replace(file)
    return file


def _fetch(published: WeightFile, arriving: Path, destination: Path) -> None:
    try:
        with urllib.request.urlopen(published.url, timeout=_SECONDS) as answer, arriving.open("wb") as stream:
            shutil.copyfileobj(answer, stream)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise OfflineError(
            f"{published.name} cannot be fetched ({error}). Fetch {published.url} elsewhere, check that its sha256 "
            f"begins with {published.sha256[:8]}, and put it at {destination} or give its path (--weights)."
        ) from None
    with arriving.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(published.sha256):
        raise DataError(
            f"{published.url} gave a file with sha256 {digest[:16]}..., which should begin with {published.sha256}; "
            "it is incomplete or was changed. Try again, or give the path of a file of your own."
        )
