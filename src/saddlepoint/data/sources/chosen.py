"""Some files of a tree as pictures, with what is known of them; and the tree that a named set lies in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddlepoint.data.sources.archive import zip_tree
from saddlepoint.data.sources.folder import folder_tree
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError


def tree_at(path: Path, word: str, bring: str) -> Tree:
    """The files of a folder or a zip. bring: what it must hold, in words. Raises DataError for anything else."""
    if path.is_dir():
        return folder_tree(path, word)
    if path.suffix.lower() == ".zip" and path.is_file():
        return zip_tree(path, word)
    raise DataError(f"--data-path {path} is no folder and no zip: it must hold {bring}.")


def chosen_files(tree: Tree, names: Sequence[str], *, read: Sequence[str] = (), **known: Any) -> FilePictures:
    """The named files in this order. read: descriptions that `known`, the other fields of Pictures, was read from."""
    notes, skipped = (tuple(known.pop(name, ())) for name in ("notes", "skipped"))
    return FilePictures(
        source=tree.source,
        listing=tree.stamp([*names, *read]),
        names=names,
        stream=lambda index: tree.opened(names[index]),
        notes=(*tree.notes, *notes),
        skipped=(*tree.skipped, *skipped),
        **known,
    )


def file_called(tree: Tree, *names: str) -> str | None:
    """The file of one of these names that lies nearest to the top, earlier names first; None where there is none."""
    for name in names:
        places = [path for path in tree.names if path.rpartition("/")[2].lower() == name.lower()]
        if places:
            return min(places, key=lambda path: (path.count("/"), path))
    return None
