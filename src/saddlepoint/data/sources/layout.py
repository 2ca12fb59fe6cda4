"""What folders mean: classes, parts of a set (train, test), two domains of a translation, or mere numbered chunks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from saddlepoint.data.sources.names import composed, in_order
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

_BESIDE = r"(?:images?|imgs?|pictures?|pics?|photos?|data(?:set)?|set|split|part|[0-9]+)"
_PART = re.compile(
    rf"(?:{_BESIDE}[-_ .]*)*"
    r"(?P<part>train(?:ing)?|trn|tests?|testing|tst|val(?:id(?:ation|ate)?)?|dev|eval(?:uation)?|h[eo]ld[-_]?out)"
    rf"(?:[-_ .]*{_BESIDE})*(?:[-_ .]*(?P<domain>[ab]))?",
    re.IGNORECASE,
)
"""a folder that holds a part of a set: train, testing, val2017, train_images, trainA"""
_CHUNK = re.compile(r"(?:part|chunk|shard|batch|block)[-_ ]?[0-9]+", re.IGNORECASE)
_FORM = re.compile(r"(?:images|thumbnails)([0-9]+)x\1|in-the-wild-images")
"""the folders of FFHQ, which hold the same photographs in several sizes"""


@dataclass(frozen=True)
class Part:
    """The part of a set that a name speaks of. kind: train, test or validation. domain: a, b or "" for none."""

    kind: str
    domain: str


def part_of(folder: str) -> Part | None:
    """The part that a folder's name, or a cell of a column of parts, speaks of; None where it speaks of none."""
    match = _PART.fullmatch(folder)
    if match is None:
        return None
    word = match["part"].lower()
    kind = "train" if word.startswith("tr") else "test" if word.startswith("t") else "validation"
    return Part(kind, (match["domain"] or "").lower())


@dataclass(frozen=True)
class Training:
    """The images to train on. base: the folder, "" for the top, in which they all lie."""

    names: tuple[str, ...]
    base: str

    def tops(self) -> list[str | None]:
        """Of each image, the folder below `base` that it lies in; None where it lies in `base` itself."""
        depth = len(PurePosixPath(self.base).parts)
        paths = [PurePosixPath(name).parts[depth:] for name in self.names]
        return [parts[0] if len(parts) > 1 else None for parts in paths]

    def within(self, folder: str) -> Training:
        """The images in one folder below `base`."""
        base = f"{self.base}/{folder}" if self.base else folder
        return Training(tuple(name for name in self.names if name.startswith(f"{base}/")), base)


def training_part(names: Sequence[str], source: str, notes: list[str]) -> Training:
    """The images of the training part, where folders are parts of a set; a folder that holds everything is entered.

    What was chosen is added to `notes`. Raises DataError where there are parts and none is for training, and for the
    two domains of a translation (trainA, trainB).
    """
    here, entered = Training(tuple(names), ""), False
    while True:
        tops = here.tops()
        folders = {top for top in tops if top is not None}
        if None not in tops and len(folders) == 1:
            (only,) = folders
            if (part := part_of(only)) is not None and part.kind != "train":
                raise _no_training(source, folders)
            here, entered = here.within(only), True
            continue
        folder = _training_folder(folders, None in tops, source)
        if folder is not None:
            notes.append(_taken(tops, folder))
        elif None not in tops and (folder := _largest_form(folders)) is not None:
            notes.append(f"{_listed(folders)} hold the same photographs in several sizes: {folder} was taken")
        else:
            break
        here, entered = here.within(folder), False
    if entered:
        notes.append(f"all images lie in {printable(here.base)}: its sub-folders are the classes, if it has any")
    return _without_tests(here, notes)


def _training_folder(folders: set[str], loose: bool, source: str) -> str | None:
    """The folder of the training part; None where the folders are no parts of a set."""
    parts = {folder: part for folder in folders if (part := part_of(folder)) is not None}
    training = in_order(folder for folder, part in parts.items() if part.kind == "train")
    if {parts[folder].domain for folder in training} >= {"a", "b"}:
        raise DataError(
            f"{source} holds two domains of images, {' and '.join(training)}, not classes: use --data"
            f" unpaired:{source}, or paired:{source} where images of the same name belong together."
        )
    if training and len(parts) > len(training):
        return training[0]
    if len(training) > 1 and len(parts) == len(folders):
        return training[0]
    if parts and len(parts) == len(folders) and not training and not loose:
        raise _no_training(source, folders)
    return None


def _no_training(source: str, folders: set[str]) -> DataError:
    verb = "is, by its name," if len(folders) == 1 else "are, by their names,"
    return DataError(
        f"{source} holds no part to train on: {_listed(folders)} {verb} kept for testing. Give the folder that holds"
        " the training images, or call it otherwise."
    )


def _taken(tops: Sequence[str | None], folder: str) -> str:
    """The sentence that says which part was taken and what was left."""
    counts = Counter(tops)
    others = in_order(top for top in counts if top not in (None, folder))
    left = [f"{printable(top)} ({counts[top]:,})" for top in others]
    left += [f"{counted(counts[None], 'image')} beside them"] if counts[None] else []
    return (
        f"the folders are parts of a set: {printable(folder)} with {counted(counts[folder], 'image')} was taken, not"
        f" {', '.join(left[:6])}{', ...' if len(left) > 6 else ''}"
    )


def _without_tests(here: Training, notes: list[str]) -> Training:
    """The images without those in folders for testing: beside class folders, or beside a training folder within one.

    What was left is noted.
    """
    tops = here.tops()
    test_folders = {
        top for top in tops if top is not None and (part := part_of(top)) is not None and part.kind != "train"
    }
    remaining = tuple(name for name, top in zip(here.names, tops) if top not in test_folders)
    if test_folders:
        count = counted(len(tops) - len(remaining), "image")
        notes.append(f"{_listed(test_folders)} with {count} left out: by name for testing, no class")
    depth = len(PurePosixPath(here.base).parts)
    kinds = {name: [part_of(folder) for folder in PurePosixPath(name).parts[depth:-1]] for name in remaining}
    if any(part is not None and part.kind == "train" for parts in kinds.values() for part in parts[1:]):
        inside = tuple(
            n for n in remaining if not any(part is not None and part.kind != "train" for part in kinds[n][1:])
        )
        if len(inside) < len(remaining):
            notes.append(
                f"{counted(len(remaining) - len(inside), 'image')} in folders for testing within the others left out"
            )
        remaining = inside
    return Training(remaining, here.base)


def _largest_form(folders: set[str]) -> str | None:
    forms = {folder: match for folder in folders if (match := _FORM.fullmatch(folder))}
    if len(forms) < 2 or len(forms) < len(folders):
        return None
    return max(forms, key=lambda folder: int(forms[folder][1] or 0))


def folder_classes(
    training: Training, source: str, folders: frozenset[str], notes: list[str]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """int64 labels and class names from the folders below the base; (None, ()) where they are none.

    folders: all that there are, so that one without images can be named. Raises DataError when some images lie beside
    the class folders.
    """
    tops = training.tops()
    classes = in_order(top for top in tops if top is not None)
    if not classes:
        return None, ()
    if chunks(training, classes):
        notes.append(
            f"the folders {_listed(classes)} are numbered chunks and no classes; if they are, say so in metadata.csv"
            " (file_name,label)"
        )
        return None, ()
    loose = tops.count(None)
    if loose:
        raise DataError(
            f"{source} mixes {counted(loose, 'loose image')} with class folders ({_listed(classes)}): move the loose"
            " images into a folder of their class, or all images into one folder if there are no classes."
        )
    empty = _without_images(training.base, folders, {*classes})
    if empty:
        notes.append(f"no image in {_listed(empty)}: no class")
    return as_labels([str(top) for top in tops], notes)


def as_labels(classes: Sequence[str], notes: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """int64 labels and the names of the classes in order, from the class of each image.

    Names that Unicode writes in two ways are one class; what no terminal can show is written as an escape. Names that
    differ in case alone are noted.
    """
    names = {name: printable(composed(name)) for name in {*classes}}
    order = in_order(names.values())
    index = {name: number for number, name in enumerate(order)}
    by_case: dict[str, list[str]] = {}
    for name in order:
        by_case.setdefault(name.casefold(), []).append(name)
    notes += [f"{' and '.join(alike)} are separate classes" for alike in by_case.values() if len(alike) > 1]
    if len(order) < len(names):
        notes.append(f"{len(names):,} folders or names make {counted(len(order), 'class')}: some look the same")
    return np.array([index[names[name]] for name in classes], dtype=np.int64), tuple(order)


def chunks(training: Training, folders: Sequence[str]) -> bool:
    """Whether folders merely divide a long list of files: 00000, 00001 and so on, part-1, or files numbered through.

    Folders of three or four digits count as chunks where the numbers of their files run on from one to the next; those
    of more digits, unless each counts its files from the same names on, as the classes of GTSRB do.
    """
    if len(folders) < 2:
        return False
    if all(_CHUNK.fullmatch(folder) for folder in folders):
        return True
    widths = {len(folder) for folder in folders}
    if len(widths) > 1 or not all(folder.isascii() and folder.isdigit() for folder in folders):
        return False
    (width,) = widths
    if folders[0][0] != "0" or width < 3:
        return False
    return _numbered_through(training, folders) or (width >= 5 and not _counted_anew(training, folders))


def _numbered_through(training: Training, folders: Sequence[str]) -> bool:
    """Whether the last number in each file's name is larger than all of the folder before."""
    numbers: dict[str, list[float]] = {folder: [] for folder in folders}
    for name, top in zip(training.names, training.tops()):
        digits = re.findall(r"[0-9]+", PurePosixPath(name).stem)
        if top is None or not digits:
            return False
        numbers[top].append(float(digits[-1]))
    return all(max(numbers[one]) < min(numbers[two]) for one, two in pairwise(folders))


def _counted_anew(training: Training, folders: Sequence[str]) -> bool:
    """Whether all folders begin with a file of one name, in order, and have more than that one."""
    names: dict[str, list[str]] = {folder: [] for folder in folders}
    for name, top in zip(training.names, training.tops()):
        if top is None:
            return False
        names[top].append(PurePosixPath(name).name)
    return len({min(inside) for inside in names.values()}) == 1 and all(len(inside) > 1 for inside in names.values())


def _without_images(base: str, folders: frozenset[str], classes: set[str]) -> list[str]:
    depth = len(PurePosixPath(base).parts)
    below = {path for path in map(PurePosixPath, folders) if len(path.parts) == depth + 1}
    inside = {path.name for path in below if not base or path.as_posix().startswith(f"{base}/")}
    return in_order(name for name in inside if name not in classes and part_of(name) is None)


def _listed(names: set[str] | Sequence[str]) -> str:
    """Up to four names in words: "a, b and c", "0, 1, 2 ... 9"."""
    order = [printable(name) for name in in_order(names)]
    if len(order) > 4:
        return f"{', '.join(order[:3])} ... {order[-1]}"
    return f"{', '.join(order[:-1])} and {order[-1]}" if len(order) > 1 else order[0]
