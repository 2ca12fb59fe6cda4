"""Attributes of images from a table beside them: a row for each image, a column for each attribute, yes or no.

In `attributes.csv` a line of names comes first, then `FILE,1,0,...`; in the table of CelebA (Liu et al. 2015,
arXiv:1411.7766) the number of images, the names, then `FILE 1 -1 ...`. Either form may have either name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.errors import DataError
from saddlepoint.text import counted

TABLES = ("attributes.csv", "list_attr_celeba.txt", "list_attr_celeba.csv")
_VALUES = {"1": 1, "0": 0, "-1": 0}


@dataclass(frozen=True)
class Attributes:
    """A table as it was read. source: the name of its file. rows: by image, 0 or 1 for each of `names`."""

    source: str
    names: tuple[str, ...]
    rows: dict[str, list[int]]

    def of(self, files: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Which of `files` have a row, by their whole path or their last part; their attributes; what else to say.

        Returns places [M], uint8 [M, K], sentences. Raises DataError when none has one.
        """
        keys = [name if name in self.rows else PurePosixPath(name).name for name in files]
        places = np.array([place for place, name in enumerate(keys) if name in self.rows], np.int64)
        if not len(places):
            raise DataError(f"{self.source} has a row for none of the images, such as {files[0]}.")
        spare = len(self.rows) - len({keys[place] for place in places})
        notes = [f"{len(self.names)} attributes from {self.source}: {', '.join(self.names)}"]
        notes += [f"{counted(spare, 'row')} of {self.source} without an image"] if spare else []
        return places, np.array([self.rows[keys[place]] for place in places], np.uint8), notes


def attributes_in(folder: Path) -> Attributes | None:
    """The table that lies in a folder; None where there is none. Raises DataError for one that cannot be read."""
    found = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if found is None:
        return None
    try:
        return read_attributes(found.read_text(encoding="utf-8-sig"), found.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{found} cannot be read: {error}.") from error


def read_attributes(text: str, source: str) -> Attributes:
    """A table in either form. Raises DataError, naming the line, for one that is none."""
    comma = "," if "," in text else None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if lines and lines[0][1].strip().isdigit():
        lines = lines[1:]
    if len(lines) < 2:
        raise DataError(f"{source} has no rows: it needs a line of names, and then a line for each image.")
    cells = [(number, [cell.strip() for cell in line.split(comma)]) for number, line in lines]
    names, width = cells[0][1], len(cells[1][1])
    if len(names) == width:
        names = names[1:]  # the first names the column of files
    rows: dict[str, list[int]] = {}
    for number, (file, *values) in cells[1:]:
        if len(values) != len(names):
            raise DataError(f"line {number} of {source} has {len(values)} values for {len(names)} attributes.")
        wrong = next((value for value in values if value not in _VALUES), None)
        if wrong is not None:
            raise DataError(f"line {number} of {source} says {wrong!r}; an attribute is 1 for yes, and 0 or -1 for no.")
        rows[file] = [_VALUES[value] for value in values]
    return Attributes(source, tuple(names), rows)
