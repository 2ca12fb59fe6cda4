"""Where a command writes: no output falls on an input or on an earlier result, and none is ever half there.

A file or folder that the user names must be new; what is there already is refused. A name that a command chooses
itself, also inside a folder that the user names, is made free by a number: seed-0.png, seed-0-2.png and so on.
Where the newest result must have a certain name, earlier ones are set aside under free names.
Everything is written under a hidden temporary name in the same folder, and renamed when all of it is there.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import final

from saddlepoint.errors import ConfigError
from saddlepoint.storage.whole import disk_errors, passing


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
        aside: bool = False,
        inputs: Iterable[Path] = (),
        option: str = "--out",
    ) -> None:
        """Checks the targets before any work is done.

        named: whether the user named them, so that they must be new; else a number makes their names free. folders:
        whether the targets are folders, which the context makes. aside: what is there already gets a free name instead,
        and is in `earlier`. inputs: files that the command reads. option: how the user names another target.
        Raises ConfigError for a target that is there already, or whose folder is a file or may not be written to.
        """
        self.paths = list(targets)
        self.earlier: list[Path] = []
        self._named, self._folders, self._aside, self._option = named or aside, folders, aside, option
        self._passing: list[Path] = []
        self._open = ExitStack()  # removes what still has a passing name
        self._made: list[Path] = []  # folders, the innermost first
        if named and not aside:
            read = list(inputs)
            for target in targets:
                check_new(target, folder=folders, inputs=read, option=option)
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
            for target in self.paths:
                self._passing.append(self._open.enter_context(passing(target)))
                if self._folders:
                    self._passing[-1].mkdir()
        return self._passing

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with disk_errors(str(self.path)):
                    self.earlier = _set_aside(self.paths) if self._aside else []
                    self.paths = self._placed()
                self._made = []
        finally:
            self._open.close()
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
                for path, target in zip(self._passing, targets):
                    _place(path, target)
                    placed.append(target)
                return targets
            except FileExistsError:
                for path, target in zip(self._passing, placed):
                    target.replace(path)
        raise ConfigError(f"{self.path} is there already, made by another program meanwhile: {_mend(self._option)}")


def chosen(named: Path | None, default: Path, *, inputs: Iterable[Path] = (), option: str = "--out") -> Destination:
    """The one file or folder to write: as the user named it, or by default under a free name."""
    return Destination(default if named is None else named, named=named is not None, inputs=inputs, option=option)


def _set_aside(paths: list[Path]) -> list[Path]:
    """Rename earlier results, whose names new ones take, to free names with one number. Returns their new names."""
    there = [path for path in paths if os.path.lexists(path)]
    for free in itertools.islice(_numbered(there), 1, None) if there else ():
        if not any(map(os.path.lexists, free)):
            for path, name in zip(there, free):
                path.rename(name)
            return free
    return []


def same_file(path: Path, other: Path) -> bool:
    """Whether two paths are one file: also through links of both kinds, and names that differ by case alone."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def check_new(target: Path, *, folder: bool = False, inputs: Iterable[Path] = (), option: str = "--out") -> None:
    """Raises ConfigError for a named file or folder that is there already. See `Destination` for the arguments."""
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


def _place(path: Path, target: Path) -> None:
    """Rename without replacing. Raises FileExistsError where the target is there."""
    if path.is_dir():
        if os.path.lexists(target) and not _empty(target):
            raise FileExistsError(target)
        path.rename(target)
        return
    try:
        os.link(path, target)  # unlike a rename, it never replaces
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        path.rename(target)
