"""Where a command writes: no output falls on an input or on an earlier result, and none is ever half there.

A file or folder that the user names must be new; what is there already is refused. A name that a command chooses
itself, also inside a folder that the user names, is made free by a number: seed-0.png, seed-0-2.png and so on.
Everything is written under a hidden temporary name in the same folder, and renamed when all of it is there.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import final

import psutil

from saddlepoint.errors import ConfigError
from saddlepoint.storage.whole import disk_errors

_PREFIX = ".saddle-"  # of temporary names: .saddle-PROCESS-NUMBER.ending
_STALE = 3600.0  # seconds after which the temporary files of a process that is gone are removed
_numbers = itertools.count()


@final
class Destination:
    """Files and folders that are written together: they take their names, with one number, when all are there.

    Use as a context: it gives the temporary paths to write to, in the order of the targets and with their endings.
    Afterwards `paths` holds the final names; where the block raises, nothing stays behind.
    """

    def __init__(
        self,
        *targets: Path,
        named: bool,
        folders: bool = False,
        inputs: Iterable[Path] = (),
        option: str = "--out",
    ) -> None:
        """Checks the targets before any work is done.

        named: whether the user named them, so that they must be new; else a number makes their names free. folders:
        whether the targets are folders, which the context makes. inputs: files that the command reads. option: how the
        user names another target.
        Raises ConfigError for a target that is there already, or whose folder is a file or may not be written to.
        """
        self.paths = list(targets)
        self._named, self._folders, self._option = named, folders, option
        self._temporary: list[Path] = []
        self._made: list[Path] = []  # folders, the innermost first
        if named:
            read = list(inputs)
            for target in targets:
                _check_new(target, folders, read, option)
        for folder in {target.parent for target in targets}:
            _check_folder(folder, option)

    @property
    def path(self) -> Path:
        """The first of the final names."""
        return self.paths[0]

    def __enter__(self) -> list[Path]:
        with disk_errors(str(self.path)):
            for folder in {target.parent for target in self.paths}:
                self._made += [each for each in (folder, *folder.parents) if not each.exists()]
                folder.mkdir(parents=True, exist_ok=True)
                _sweep(folder)
            for target in self.paths:
                ending = "" if self._folders else target.suffix[:20]
                self._temporary.append(target.parent / f"{_PREFIX}{os.getpid()}-{next(_numbers)}{ending}")
                if self._folders:
                    self._temporary[-1].mkdir()
        return self._temporary

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with disk_errors(str(self.path)):
                    self.paths = self._placed()
                self._made = []
        finally:
            for path in self._temporary:
                _remove(path)
            for folder in self._made:
                with suppress(OSError):
                    folder.rmdir()

    def _placed(self) -> list[Path]:
        """Give everything its final name; the names. Nothing that is there is replaced, whoever made it meanwhile."""
        for targets in [self.paths] if self._named else _numbered(self.paths):
            if not self._named and any(os.path.lexists(target) for target in targets):
                continue
            placed: list[Path] = []
            try:
                for temporary, target in zip(self._temporary, targets):
                    _place(temporary, target)
                    placed.append(target)
                return targets
            except FileExistsError:
                for temporary, target in zip(self._temporary, placed):
                    target.replace(temporary)
        raise ConfigError(f"{self.path} is there already, made by another program meanwhile: {_mend(self._option)}")


def chosen(named: Path | None, default: Path, *, inputs: Iterable[Path] = (), option: str = "--out") -> Destination:
    """The one file or folder to write: as the user named it, or by default under a free name."""
    return Destination(default if named is None else named, named=named is not None, inputs=inputs, option=option)


def set_aside(path: Path) -> Path | None:
    """Rename an earlier result, whose name a new one takes, to a free name. Returns it, or None where none is there."""
    if not os.path.lexists(path):
        return None
    with disk_errors(str(path)):
        for (free,) in _numbered([path]):
            if not os.path.lexists(free):
                path.rename(free)
                return free
    raise AssertionError


def same_file(path: Path, other: Path) -> bool:
    """Whether two paths are one file: also through links of both kinds, and names that differ by case alone."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _check_new(target: Path, folder: bool, inputs: list[Path], option: str) -> None:
    if any(same_file(target, each) for each in inputs):
        raise ConfigError(f"{target} is read, and would be written over: {_mend(option)}")
    if not folder and target.is_dir():
        raise ConfigError(f"{target} is a folder: name a file in it by {option}.")
    if os.path.lexists(target) and not _empty(target):
        raise ConfigError(f"{target} is there already: {_mend(option)}")


def _empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it, which a new folder may replace."""
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _check_folder(folder: Path, option: str) -> None:
    """Raises ConfigError where the folder can be neither written to nor made."""
    for each in (folder, *folder.parents):
        if os.path.lexists(each):
            if not each.is_dir():
                raise ConfigError(f"{each} is a file, so nothing can be written into it: {_mend(option)}")
            if not os.access(each, os.W_OK | os.X_OK):
                raise ConfigError(f"{each} may not be written to: {_mend(option)}")
            return


def _mend(option: str) -> str:
    return f"choose another {option}."


def _numbered(targets: list[Path]) -> Iterator[list[Path]]:
    """The targets, then all of them with -2, with -3 and so on."""
    yield targets
    for number in itertools.count(2):
        yield [target.with_name(f"{target.stem}-{number}{target.suffix}") for target in targets]


def _place(temporary: Path, target: Path) -> None:
    """Rename without replacing. Raises FileExistsError where the target is there."""
    if temporary.is_dir():
        if os.path.lexists(target) and not _empty(target):
            raise FileExistsError(target)
        temporary.rename(target)
        return
    try:
        os.link(temporary, target)  # unlike a rename, it never replaces
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        temporary.rename(target)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed have left."""
    for path in folder.glob(f"{_PREFIX}*"):
        process = path.name.removeprefix(_PREFIX).split("-")[0]
        with suppress(OSError):
            old = time.time() - path.lstat().st_mtime > _STALE
            if old and process.isdigit() and not psutil.pid_exists(int(process)):
                _remove(path)
