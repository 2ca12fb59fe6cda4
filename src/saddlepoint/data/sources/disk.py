"""The cache folder, and what is said when it is full or cannot be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saddlepoint.errors import DataError, SaddlepointError
from saddlepoint.storage.home import expanded

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def cache_folder(folder: Path | None) -> Path:
    """The folder for downloads and packed images: `folder`, else SADDLEPOINT_CACHE, else ~/.cache/saddlepoint."""
    path = folder or os.environ.get("SADDLEPOINT_CACHE") or Path.home() / ".cache" / "saddlepoint"
    return expanded(path).absolute()


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turns whatever a disk refuses into one DataError that names the mend; errors of a network pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            problem = f"the disk of {folder} is full"
        elif error.errno is None or isinstance(error, SaddlepointError | ConnectionError | TimeoutError):
            raise  # of a network, or a sentence already
        else:
            problem = f"the folder {folder} cannot be written ({error.strerror})"
        mend = "make room there, or name another folder with --cache, of other commands with SADDLEPOINT_CACHE"
        raise DataError(f"{problem}: {mend}.") from error
