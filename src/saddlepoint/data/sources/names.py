"""Names of files and folders: which are images, which belong to a system or a tool, and in which order they stand."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from saddlepoint.data.sources.decode import SUFFIXES

_SYSTEM = frozenset(
    {
        *("__macosx", "network trash folder", "temporary items", "thevolumesettingsfolder", "icon\r"),  # macOS
        *("$recycle.bin", "recycler", "recycled", "system volume information", "msocache", "config.msi"),  # Windows
        *(
            "thumbs.db",
            "ehthumbs.db",
            "ehthumbs_vista.db",
            "desktop.ini",
            "$extend",
            "$winreagent",
            "$sysreset",
            "$windows.~bt",
            "$windows.~ws",
        ),
        *("found.000", "found.001", "found.002"),
        *("lost+found", "@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@recently-snapshot", "@__thumb"),
        *("@sharebin", "__pycache__", "_gsdata_", "~tmp", "~snapshot", "onedrivetemp", "cvs", "node_modules"),
    }
)
"""names, in small letters, under which systems, network drives and tools keep what is theirs"""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def of_system(path: str) -> bool:
    """Whether any part of a path is hidden (begins with a dot), or belongs to a system or a tool and not to a person.

    So do `@eaDir`, `$RECYCLE.BIN`, `__MACOSX`, `Thumbs.db` and the lock files `~$...` of office programs.
    """
    parts = PurePosixPath(path).parts
    return any(part.startswith((".", "~$")) or part.casefold() in _SYSTEM for part in parts if part not in ("/", ".."))


def is_image(path: str) -> bool:
    """Whether a path ends like an image's and belongs to no system."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES and not of_system(path)


def image_endings() -> str:
    """The endings that count as images, in words."""
    return ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))


def in_order(names: Iterable[str]) -> list[str]:
    """Names as a person lists them: by value where all are numbers, else with the numbers within them by value."""
    distinct = sorted(set(names))
    if all(_NUMBER.fullmatch(name) for name in distinct):
        return sorted(distinct, key=float)
    return sorted(distinct, key=_natural)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key that compares runs of digits by value: "a2" before "a10"."""
    parts = re.split(r"([0-9]+)", name)
    values = [part.lstrip("0") if index % 2 else part for index, part in enumerate(parts)]
    return [(0, len(v), v) if index % 2 else (1, 0, v) for index, v in enumerate(values) if parts[index]]


def plain_path(name: str) -> str:
    """A path as archives and tables write it, with forward slashes and without drive, leading slashes and `.`."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".") and not re.fullmatch(r"[A-Za-z]:", part))


def under(folder: str, name: str) -> str:
    """The path in a tree that a table in `folder` means by `name`; one that climbs out names nothing in it."""
    return posixpath.normpath(f"{folder}/{plain_path(name)}" if folder else plain_path(name))


def composed(name: str) -> str:
    """A name in Unicode's composed form, in which the two ways to write an accented letter are the same."""
    return unicodedata.normalize("NFC", name)
