"""A folder of images, searched through; its sub-folders are the classes."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.data.sources.attributes import TABLES, attributes_in
from saddlepoint.data.sources.decode import SUFFIXES
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.errors import DataError
from saddlepoint.text import counted

_PARTS = {"train", "val", "valid", "validation", "test"}


def folder_pictures(root: Path, source: str) -> FilePictures:
    """The images under `root`, in order of their names.

    Links to folders are not followed; hidden files and __MACOSX are passed over.
    Raises DataError when there is none, or when images lie both beside and inside class folders.
    """
    names, sizes, skipped, links = _walk(root)
    notes = [f"{counted(links, 'linked folder')} not entered"] if links else []
    chosen = images_among([name for name in names if name not in TABLES], notes)
    if not chosen and not skipped:
        raise DataError(f"{source} holds no image ({kinds()}){'; ' + notes[0] if notes else ''}.")
    table, attributes = attributes_in(root), None
    if table is not None:
        places, attributes, told = table.of(chosen)
        skipped += [(name, f"has no row in {table.source}") for name in sorted({*chosen} - {chosen[p] for p in places})]
        chosen = [chosen[place] for place in places]
        notes += told
    labels, classes = classes_of(chosen, source, notes)
    listed = [*chosen, *([table.source] if table else [])]
    return FilePictures(
        source=source,
        listing=json.dumps(["folder", str(root.resolve()), [(name, *sizes[name]) for name in listed]]),
        labels=labels,
        classes=classes,
        attributes=attributes,
        attribute_names=table.names if table else (),
        notes=tuple(notes),
        skipped=tuple(skipped),
        names=chosen,
        stream=lambda index: (root / chosen[index]).open("rb"),
    )


def _walk(root: Path) -> tuple[list[str], dict[str, tuple[int, int]], list[tuple[str, str]], int]:
    """Regular files by their path under `root`, their sizes and times, those that cannot be read, linked folders."""
    skipped: list[tuple[str, str]] = []
    sizes: dict[str, tuple[int, int]] = {}
    links = 0

    def refused(error: OSError) -> None:
        skipped.append((_under(root, error.filename), f"cannot be read: {error.strerror}"))

    for here, folders, files in os.walk(root, onerror=refused):
        folders[:] = [name for name in folders if not hidden(name)]
        links += sum(os.path.islink(os.path.join(here, name)) for name in folders)
        for name in files:
            path = os.path.join(here, name)
            under = _under(root, path)
            try:
                status = os.stat(path)
            except OSError as error:
                refused(error)
                continue
            if stat.S_ISREG(status.st_mode):
                if os.access(path, os.R_OK):
                    sizes[under] = (status.st_size, status.st_mtime_ns)
                elif is_image(under):
                    skipped.append((under, "cannot be read: permission denied"))
    return list(sizes), sizes, skipped, links


def _under(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()


def images_among(names: Sequence[str], notes: list[str]) -> list[str]:
    """The names of images, sorted; a sentence on what else was there is added to `notes`."""
    seen = [name for name in names if not hidden(name)]
    others = Counter(PurePosixPath(name).suffix.lower() or "no ending" for name in seen if not is_image(name))
    if others:
        kinds_seen = ", ".join(kind for kind, _ in others.most_common(4))
        notes.append(f"{counted(sum(others.values()), 'other file')} left out ({kinds_seen})")
    return sorted(name for name in seen if is_image(name))


def is_image(name: str) -> bool:
    """Whether the name ends like an image's and is not hidden."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not hidden(name)


def hidden(name: str) -> bool:
    """Whether any part of a path begins with a dot or is the folder in which macOS keeps its own marks."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def kinds() -> str:
    """The endings that count as images, in words."""
    return ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))


def classes_of(names: Sequence[str], source: str, notes: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """int64 labels and class names from the first folder of each name; (None, ()) when there are no folders.

    A folder that holds everything is stepped into first. Raises DataError when some images lie beside the folders,
    or when the folders are parts of a set (train, test) and not classes.
    """
    inside = [PurePosixPath(name).parts for name in names]
    depth = 0
    while inside and all(len(parts) > depth + 1 for parts in inside) and len({parts[depth] for parts in inside}) == 1:
        depth += 1
    if depth:
        notes.append(f"all images lie in {'/'.join(inside[0][:depth])}: its sub-folders are the classes, if it has any")
    tops = [parts[depth] if len(parts) > depth + 1 else None for parts in inside]
    classes = tuple(sorted({top for top in tops if top is not None}))
    if not classes:
        return None, ()
    loose = tops.count(None)
    if loose:
        raise DataError(
            f"{source} mixes {counted(loose, 'loose image')} with class folders ({', '.join(classes[:3])}"
            f"{', ...' if len(classes) > 3 else ''}): move the loose images into a folder of their class, or all images"
            " into one folder if there are no classes."
        )
    if {name.lower() for name in classes} <= _PARTS:
        raise DataError(
            f"the sub-folders of {source} ({', '.join(classes)}) look like parts of a set, not like classes: train on"
            f" one of them alone, for example on {classes[0]}."
        )
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index[top] for top in tops if top is not None], dtype=np.int64), classes
