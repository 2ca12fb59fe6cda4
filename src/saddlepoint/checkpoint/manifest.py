"""The file of a folder that names its other files with size and sha256: what it names is checked, and nothing else is.

A name that does not belong there is refused unopened, and so is what is no plain file of the stated size.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit, opened, reason


def print_of(path: Path, *, within: Path | None = None, size: int | None = None) -> dict[str, Any]:
    """Size in bytes and sha256 of a file, as a manifest keeps them.

    size: what it should be; a file of another one is not read, and has no sha256.
    """
    with opened(path, within=within) as file:
        there = os.fstat(file.fileno()).st_size
        if size is not None and there != size:
            return {"size": there, "sha256": None}
        return {"size": there, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def names(folder: Path, manifest: str) -> Collection[str]:
    """The files that a manifest names. Raises Unfit, and OSError where it cannot be read."""
    entries = documents.table(folder / manifest, within=folder).get("files")
    if not isinstance(entries, dict):
        raise Unfit(f"{manifest} names no files")
    return entries.keys()


def fault(folder: Path, manifest: str, known: Collection[str], needed: Collection[str]) -> str | None:
    """What is wrong with a folder, in a few words; None when its manifest is right.

    known: the names that the manifest may have. needed: those that it must have.
    """
    try:
        entries = documents.table(folder / manifest, within=folder).get("files")
        if not isinstance(entries, dict) or not set(needed) <= entries.keys() <= set(known):
            return f"{manifest} does not name the files that belong there"
        for name, print_ in entries.items():
            size = print_.get("size") if isinstance(print_, dict) else None
            if type(size) is not int or print_of(folder / name, within=folder, size=size) != print_:
                return f"{name} is not what was written"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, Unfit) as error:
        return reason(error)
    return None
