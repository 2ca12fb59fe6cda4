"""Attributes of images from a table beside them: a row for each image, a column for each attribute, yes or no.

In `attributes.csv` a line of names comes first, then `FILE,1,0,...`; in the table of CelebA (Liu et al. 2015,
arXiv:1411.7766) the number of images, the names, then `FILE 1 -1 ...`. Either form may have either name; commas may be
semicolons or tabs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from saddlepoint.data.sources.names import composed, plain_path
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted

TABLES = ("attributes.csv", "attributes.tsv", "list_attr_celeba.txt", "list_attr_celeba.csv")
_VALUES = {"1": 1, "0": 0, "-1": 0, "1.0": 1, "0.0": 0, "-1.0": 0, "true": 1, "false": 0}


@dataclass(frozen=True)
class Attributes:
    """A table as it was read. source: the name of its file. rows: by image, 0 or 1 for each of `names`."""

    source: str
    names: tuple[str, ...]
    rows: dict[str, list[int]]

    def of(self, files: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Which of `files` have a row, by their whole path or their last part; their attributes; what else to say.

        Returns places [M], uint8 [M, K], sentences. Raises DataError when none has one, or when a row has only the
        last part of a name that several files share.
        """
        rows = {composed(name): row for name, row in self.rows.items()}
        shared = Counter(PurePosixPath(name).name for name in files)
        keys = []
        for name in map(composed, files):
            last = PurePosixPath(name).name
            if name not in rows and last in rows and shared[last] > 1:
                raise DataError(f"{self.source} has a row {last}, a name that several images have: write whole paths.")
            keys.append(name if name in rows else last)
        places = np.array([place for place, name in enumerate(keys) if name in rows], np.int64)
        if not len(places):
            raise DataError(f"{self.source} has a row for none of the images, such as {files[0]}.")
        spare = len(rows) - len({keys[place] for place in places})
        notes = [f"{counted(len(self.names), 'attribute')} from {self.source}: {', '.join(self.names)}"]
        notes += [f"{counted(spare, 'row')} of {self.source} without an image"] if spare else []
        return places, np.array([rows[keys[place]] for place in places], np.uint8), notes


def attributes_of(tree: Tree, folders: Sequence[str]) -> Attributes | None:
    """The first table that lies in one of the folders; None where there is none. Raises DataError for a damaged one."""
    existing = frozenset(tree.names)
    paths = (f"{folder}/{name}" if folder else name for folder in folders for name in TABLES)
    file = next((path for path in paths if path in existing), None)
    return None if file is None else read_attributes(text_of(tree.read(file), file), file)


def read_attributes(text: str, source: str) -> Attributes:
    """A table in either form. Raises DataError, naming the line, for one that is none."""
    rows = list(rows_of(text, source, delimiter_of(text)))
    if rows and len(rows[0][1]) == 1 and rows[0][1][0].isdigit():
        rows = rows[1:]
    if len(rows) < 2:
        raise DataError(f"{source} has no rows: it needs a line of names, and then a line for each image.")
    names, width = rows[0][1], len(rows[1][1])
    if len(names) == width:
        names = names[1:]  # the first names the column of files
    if not names:
        raise DataError(f"line {rows[0][0]} of {source} names no attribute: a column for each comes after the files.")
    names = [name.strip() for name in names]
    if "" in names:
        raise DataError(f"line {rows[0][0]} of {source} has a column without a name: name it, or take it out.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"line {rows[0][0]} of {source} has the column {twice!r} twice: keep one.")
    read: dict[str, list[int]] = {}
    for number, (file, *cells) in rows[1:]:
        if len(cells) != len(names):
            values_there, values_needed = counted(len(cells), "value"), counted(len(names), "attribute")
            raise DataError(f"line {number} of {source} has {values_there} for {values_needed}.")
        wrong = next((cell for cell in cells if cell.lower() not in _VALUES), None)
        if wrong is not None:
            raise DataError(f"line {number} of {source} says {wrong!r}; an attribute is 1 for yes, and 0 or -1 for no.")
        row = [_VALUES[cell.lower()] for cell in cells]
        if read.setdefault(plain_path(file), row) != row:
            raise DataError(f"line {number} of {source} contradicts an earlier line about {file}: keep one.")
    return Attributes(source, tuple(names), read)
