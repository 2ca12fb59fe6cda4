"""What a file beside the images says of them: the class of each, and the part of the set that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from saddlepoint.data.sources.names import composed
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

DESCRIPTIONS = "metadata.csv or metadata.jsonl (file_name, label), dataset.json (NVIDIA's) or attributes.csv"


@dataclass(frozen=True)
class Description:
    """A description as it was read.

    source: its file, or files, in words. files: what was read, for the key of a pack.
    classes: by path in the tree, the name of the class, or None where the description has the file and no class for it.
    decides: whether it says what the classes are, or that there are none; if not, folders may be classes.
    parts: by path, the part of the set, where it speaks of parts. notes: what else to say.
    """

    source: str
    files: tuple[str, ...]
    classes: Mapping[str, str | None]
    decides: bool
    parts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def placed(self, names: Sequence[str], existing: frozenset[str], notes: list[str]) -> dict[str, str | None]:
        """The class of each of `names` that has a row; what does not agree with the files is noted, with counts.

        existing: all files, so that rows which name no file can be counted. Paths that Unicode writes in two ways are
        the same. Raises DataError when no image has a row.
        """
        alike = {composed(path): path for path in self.classes}
        keys = {name: name if name in self.classes else alike.get(composed(name)) for name in names}
        placed = {name: self.classes[key] for name, key in keys.items() if key is not None}
        if not placed and self.classes:
            raise DataError(
                f"{self.source} has a row for none of the images, such as {names[0]}; its first names"
                f" {next(iter(self.classes))}. Paths in it start from its own folder: correct them, or move it away."
            )
        composed_files = {composed(name) for name in existing}
        missing = [path for path in self.classes if path not in existing and composed(path) not in composed_files]
        if missing:
            verb = "names" if len(missing) == 1 else "name"
            notes.append(
                f"{counted(len(missing), 'row')} of {self.source} {verb} no file, such as {printable(missing[0])}"
            )
        without = len(names) - len(placed)
        if without and self.classes:
            notes.append(f"{counted(without, 'image')} without a row in {self.source}")
        return placed
