"""Files and folders written whole or not at all: under a passing name in the same folder, then renamed.

A process that is killed leaves its passing names behind; the next one that writes into the folder removes them.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from safetensors import SafetensorError

from saddlepoint.errors import RunError
from saddlepoint.storage.plain import reason

_PREFIX = f".saddle-{hashlib.sha256(platform.node().encode()).hexdigest()[:6]}-"
"""of passing names: .saddle-MACHINE-PROCESS-NUMBER.ending; folders of a network are written to by many machines"""
_numbers = itertools.count()
_passing: dict[Path, Path] = {}
"""passing names that this process still writes to, and what they become"""


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turns a full disk, a folder that cannot be written and whatever else a disk says into one clear sentence."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        if isinstance(error, RunError):
            raise
        code, text, what = getattr(error, "errno", None), str(error), _lasting(what)
        if code in (errno.ENOSPC, errno.EDQUOT) or "No space left" in text:
            raise RunError(f"the disk is full: {what} was not written; what was there before is unharmed.") from error
        if code in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise RunError(
                f"{what} may not be written here ({reason(error)}): change the rights of the folder, or use another."
            ) from error
        raise RunError(f"{what} could not be written: {reason(error)}.") from error


def _lasting(what: str) -> str:
    """The same, with what passing names in it become: nobody has heard of these."""
    for path, target in reversed(_passing.items()):
        what = what.replace(str(path), str(target))
    return what


@contextmanager
def passing(target: Path) -> Iterator[Path]:
    """A free name beside `target`, with its ending, to write a file or folder to; what is left there is removed.

    The folder is made where it is not there, and what killed processes have left in it is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    name = f"{_PREFIX}{os.getpid()}-{next(_numbers)}{target.suffix[:20]}"
    path = target.parent / name
    _passing[path] = target
    try:
        yield path
    finally:
        remove(path)
        _passing.pop(path, None)


@contextmanager
def file(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes `target` when the block ends well. Raises RunError when the disk refuses."""
    with disk_errors(str(target)), passing(target) as path:
        yield path
        path.replace(target)


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `target` when the block ends well; an empty folder there is replaced.

    Raises RunError when the disk refuses, and when `target` is there.
    """
    with disk_errors(str(target)), passing(target) as path:
        path.mkdir()
        yield path
        for each in path.rglob("*"):
            sync(each)
        sync(path)
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "it is there already, made by another process meanwhile", str(target))
        path.rename(target)
        sync(target.parent)


def replace(target: Path, content: bytes) -> None:
    """Write a file of these bytes in the place of one that is there. Raises RunError when the disk refuses."""
    with file(target) as path:
        path.write_bytes(content)


def write_json(target: Path, value: Any) -> None:
    """Write a JSON file, likewise, and through to the disk."""
    with file(target) as path:
        put_json(path, value)
        sync(path)
    with disk_errors(str(target)):
        sync(target.parent)


def put_json(path: Path, value: Any) -> None:
    """A JSON file where nothing guards it."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def sync(path: Path) -> None:
    """Push a file or folder through to the disk; Windows has no such thing for folders."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path) -> Path | None:
    """Give a file or folder the first free name with a number, such as log-2.jsonl; None where it is not there."""
    if not os.path.lexists(path):
        return None
    free = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    with disk_errors(str(path)):
        return path.rename(next(name for name in free if not os.path.lexists(name)))


@lru_cache(1024)
def sweep(place: Path) -> None:
    """Remove what processes of this machine that are gone have left in a folder; once, and then no more."""
    for path in place.glob(f"{_PREFIX}*"):
        process = path.name.removeprefix(_PREFIX).split("-")[0]
        if process.isdecimal() and path not in _passing and not _runs(int(process)):
            remove(path)


def _runs(process: int) -> bool:
    """Whether another process of this number is there; in containers each first process has the same one."""
    return process != os.getpid() and psutil.pid_exists(process)


def remove(path: Path) -> None:
    """Delete a file or folder, if it can be."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
