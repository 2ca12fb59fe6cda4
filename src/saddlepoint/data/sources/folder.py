"""A folder on disk, searched through."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.names import is_image, of_system
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.text import counted


def folder_pictures(root: Path, source: str) -> FilePictures:
    """The images under `root`, as `pictures_of` sees them. Links to folders are not followed."""
    return pictures_of(folder_tree(root, source))


def folder_tree(root: Path, source: str) -> Tree:
    """The readable regular files under `root`; what cannot be read is skipped, and named."""
    sizes: dict[str, tuple[int, int]] = {}
    skipped: list[tuple[str, str]] = []
    folders: set[str] = set()
    ignored: Counter[str] = Counter()
    links = 0

    def refused(error: OSError) -> None:
        skipped.append((_under(root, error.filename), f"cannot be read: {error.strerror}"))

    for here, inside, files in os.walk(root, onerror=refused):
        ignored.update(name for name in inside if of_system(name) and not name.startswith("."))
        inside[:] = [name for name in inside if not of_system(name)]
        links += sum(os.path.islink(os.path.join(here, name)) for name in inside)
        folders |= {_under(root, os.path.join(here, name)) for name in inside}
        for name in files:
            path = os.path.join(here, name)
            try:
                status = os.stat(path)
            except OSError as error:
                refused(error)
                continue
            if stat.S_ISREG(status.st_mode) and not of_system(name):
                if os.access(path, os.R_OK):
                    sizes[_under(root, path)] = (status.st_size, status.st_mtime_ns)
                elif is_image(name):
                    skipped.append((_under(root, path), "cannot be read: permission denied"))

    def stamp(names: Sequence[str]) -> str:
        return json.dumps(["folder", str(root.resolve()), [(name, *sizes[name]) for name in names]])

    notes = [f"{counted(links, 'linked folder')} not entered"] if links else []
    return Tree(
        source=source,
        names=list(sizes),
        folders=frozenset(folders),
        opened=lambda name: (root / name).open("rb"),
        size=lambda name: sizes[name][0],
        stamp=stamp,
        notes=(*notes, *passed_over(ignored)),
        skipped=tuple(skipped),
    )


def file_tree(path: Path, source: str) -> Tree:
    """One file as a tree that holds it alone."""
    status = path.stat()

    def stamp(names: Sequence[str]) -> str:
        return json.dumps(["file", str(path.resolve()), status.st_size, status.st_mtime_ns, list(names)])

    return Tree(
        source=source,
        names=[path.name],
        folders=frozenset(),
        opened=lambda name: path.open("rb"),
        size=lambda name: status.st_size,
        stamp=stamp,
    )


def passed_over(ignored: Counter[str]) -> list[str]:
    """The sentence that says which folders of systems and tools were not entered; none where there were none."""
    if not ignored:
        return []
    few = ", ".join(sorted(ignored)[:4])
    return [f"{counted(ignored.total(), 'folder')} of a system or a tool not entered ({few})"]


def _under(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()
