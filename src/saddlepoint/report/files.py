"""Writing a file so that a reader sees the old one or the new one, never a half."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from saddlepoint.checkpoint.files import disk_errors


def replace(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it into place; makes the folder.

    Raises RunError when the disk is full or the folder cannot be written; no half file stays behind.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors(str(path)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(content)
            half.replace(path)
        except OSError:
            with suppress(OSError):
                half.unlink()
            raise
