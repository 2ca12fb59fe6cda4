"""Fetching one file of a named set: official addresses in turn, a checksum, and a name that appears only when whole."""

from __future__ import annotations

import hashlib
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from saddlepoint.data.sources.disk import writing_to
from saddlepoint.errors import OfflineError
from saddlepoint.storage.whole import passing

_CHUNK = 1 << 20
_PATIENCE = 30  # seconds without a byte


@dataclass(frozen=True)
class Remote:
    """A file on the net.

    name: how it is kept. places: addresses of folders that hold it, tried in turn.
    checksum: "sha256:..." or "md5:...", as its authors publish it.
    """

    name: str
    places: tuple[str, ...]
    checksum: str

    def matches(self, digests: str) -> bool:
        """Whether hex digits of the named algorithm are the expected ones."""
        return digests == self.checksum.partition(":")[2]

    def new_hash(self) -> hashlib._Hash:
        """An empty hash of the named algorithm; it guards against damage, not against an attacker, where it is md5."""
        return hashlib.new(self.checksum.partition(":")[0], usedforsecurity=False)


def fetch(remote: Remote, folder: Path, say: Callable[[str], None]) -> Path:
    """The file in `folder`, downloaded if it is not there.

    Raises OfflineError with the last address and its failure, DataError when the disk is full or closed.
    """
    file = folder / remote.name
    if file.is_file():
        return file
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
    failure = ""
    for place in remote.places:
        try:
            with writing_to(folder), passing(file) as part:
                digits = _copied(remote, place + remote.name, part, say)
                if remote.matches(digits):
                    part.replace(file)
                    return file
            failure = f"{place}{remote.name} has a wrong checksum"
        except (OSError, HTTPException) as error:
            failure = f"{place}{remote.name}: {getattr(error, 'reason', None) or error}"
    raise OfflineError(failure)


def _copied(remote: Remote, address: str, part: Path, say: Callable[[str], None]) -> str:
    """Copies the address to `part`; returns the hex digits of its bytes."""
    digest, reported, size = remote.new_hash(), time.monotonic(), 0
    say(f"downloading {address}")
    with urllib.request.urlopen(address, timeout=_PATIENCE) as source, part.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            if time.monotonic() - reported >= 1:
                reported = time.monotonic()
                say(f"downloading {remote.name}: {size / 1e6:.0f} MB")
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
