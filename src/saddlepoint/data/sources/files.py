"""The images among the files of a folder or a zip, with what descriptions beside them, and else the folders, say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np

from saddlepoint.data.sources import ffhq, imagefolder, nvidia
from saddlepoint.data.sources.attributes import attributes_of
from saddlepoint.data.sources.description import DESCRIPTIONS, Description
from saddlepoint.data.sources.layout import Training, as_labels, folder_classes, part_of, training_part
from saddlepoint.data.sources.names import image_endings, in_order, is_image
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_PERHAPS = (".txt", ".xlsx", ".xls", ".ods", ".xml", ".mat", ".pkl")
_TELLING = re.compile("label|attr|annot|class|categor|split|partition|metadata")
_MANY = 20
"""tables beside the images from which on they are not named: they are one for each image"""


def pictures_of(
    tree: Tree, accepts: Callable[[str], bool] = is_image, what: str = "image", endings: str = image_endings()
) -> FilePictures:
    """The images of a tree, in order of their names: of its training part, where folders are parts of a set.

    accepts, what, endings: by which names files of another kind are found, what one is called, and their endings.

    Their classes are those of a description that lies beside them, else their folders. What was read and what was left
    is in the notes. Raises DataError when there is no image, when a description cannot be read, or when images lie both
    beside and inside class folders.
    """
    notes, skipped = list(tree.notes), list(tree.skipped)
    images = sorted(name for name in tree.names if accepts(name))
    if not images and not skipped:
        raise DataError(f"{tree.source} holds no {what} ({endings}){'; ' + notes[0] if notes else ''}.")
    training = training_part(images, tree.source, notes)
    described, read = _described(tree, training.base, notes)
    names, labels_by_name = list(training.names), dict[str, str | None]()
    if described is not None:
        labels_by_name = described.placed(names, frozenset(tree.names), notes)
        names = _kept(names, described, labels_by_name, tree.source, skipped, notes)
    table, values = attributes_of(tree, _above(training.base)), None
    if table is not None and names:
        places, values, table_notes = table.of(names)
        names_in_table = [names[place] for place in places]
        skipped += [(name, f"has no row in {table.source}") for name in sorted({*names} - {*names_in_table})]
        names, read, notes = names_in_table, [*read, table.source], [*notes, *table_notes]
    labels, classes = _labels(Training(tuple(names), training.base), described, labels_by_name, tree, notes)
    return FilePictures(
        source=tree.source,
        listing=tree.stamp([*names, *read]),
        labels=labels,
        classes=classes,
        attributes=values,
        attribute_names=tuple(printable(name) for name in table.names) if table else (),
        notes=(*_others(tree, {*images, *read}, training.base), *notes),
        skipped=tuple(skipped),
        names=names,
        stream=_streams(tree, names),
    )


def _streams(tree: Tree, names: Sequence[str]) -> Callable[[int], BinaryIO]:
    return lambda index: tree.opened(names[index])


def _described(tree: Tree, base: str, notes: list[str]) -> tuple[Description | None, list[str]]:
    """What says something of the images, and the files that were read for it.

    Raises DataError where two descriptions both say what the classes are.
    """
    above = _above(base)
    at = {name: PurePosixPath(name).name.lower() for name in tree.names if name.rpartition("/")[0] in above}
    descriptions = [imagefolder.read_metadata(tree, files) for files in [_metadata(tree, base)] if files]
    for name in sorted(at, key=len, reverse=True):
        if at[name] == nvidia.NAME and not any(nvidia.NAME in each.source for each in descriptions):
            descriptions.append(nvidia.read_dataset_json(tree, name))
        elif ffhq.NAME.fullmatch(at[name]):
            descriptions.append(ffhq.read_ffhq(tree, name))
    notes += [note for each in descriptions for note in each.notes]
    deciding = [each for each in descriptions if each.decides]
    if len(deciding) > 1:
        raise DataError(
            f"{tree.source} is described twice, by {deciding[0].source} and {deciding[1].source}: move one away."
        )
    return next(iter(deciding or descriptions), None), [file for each in descriptions for file in each.files]


def _metadata(tree: Tree, base: str) -> list[str]:
    """The tables of the Hugging Face's form in the folders above and below `base`. Raises DataError for two in one."""
    above = _above(base)
    files: dict[str, str] = {}
    for name in sorted(tree.names):
        folder = name.rpartition("/")[0]
        inside = not base or folder.startswith(f"{base}/")
        if PurePosixPath(name).name.lower() in imagefolder.NAMES and (folder in above or inside):
            if folder in files:
                raise DataError(f"{tree.source} holds both {files[folder]} and {name}: move one of them away.")
            files[folder] = name
    return list(files.values())


def _above(base: str) -> list[str]:
    """`base` and the folders around it, the nearest first."""
    parts = PurePosixPath(base).parts
    return ["/".join(parts[:depth]) for depth in range(len(parts), -1, -1)]


def _kept(
    names: list[str],
    described: Description,
    labels_by_name: dict[str, str | None],
    source: str,
    skipped: list[tuple[str, str]],
    notes: list[str],
) -> list[str]:
    """The images of the training part that have a class, where the description speaks of either; others are skipped."""
    kinds = {path: part_of(part) for path, part in described.parts.items()}
    parted = any(kinds.values())
    if parted and not any(part is not None and part.kind == "train" for part in kinds.values()):
        raise DataError(
            f"{described.source} has no part to train on: {', '.join(sorted({*described.parts.values()}))}."
        )
    if described.parts and not parted:
        words = ", ".join(printable(part) for part in in_order(described.parts.values())[:4])
        notes.append(f"the parts of {described.source} ({words}) are none of train, validation and test: all are taken")
    labelled = any(label is not None for label in labels_by_name.values())
    usable, elsewhere = [], Counter[str]()
    for name in names:
        part = kinds.get(name)
        if (parted or labelled) and name not in labels_by_name:
            skipped.append((name, f"has no row in {described.source}"))
        elif parted and (part is None or part.kind != "train"):
            elsewhere[described.parts.get(name, "no part")] += 1
        elif labelled and labels_by_name[name] is None:
            skipped.append((name, f"has no class in {described.source}"))
        else:
            usable.append(name)
    if elsewhere:
        parts = ", ".join(f"{printable(part)} ({count:,})" for part, count in elsewhere.items())
        notes.append(f"the part for training was taken, by {described.source}, not {parts}")
    if not usable:
        raise DataError(f"{source}: by {described.source}, no image is left to train on.")
    return usable


def _labels(
    training: Training,
    described: Description | None,
    labels_by_name: dict[str, str | None],
    tree: Tree,
    notes: list[str],
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    classes = [labels_by_name.get(name) for name in training.names]
    if training.names and all(label is not None for label in classes):
        return as_labels([str(label) for label in classes], notes)
    if described is not None and described.decides:
        return None, ()
    return folder_classes(training, tree.source, tree.folders, notes)


def _is_table(name: str) -> bool:
    """Whether a file may describe images: by its ending, or by an ending of many kinds of file and a telling name."""
    path = PurePosixPath(name.lower())
    return path.suffix in _TABLES or (path.suffix in _PERHAPS and _TELLING.search(path.stem) is not None)


def _others(tree: Tree, known: set[str], base: str) -> list[str]:
    """Sentences on the files that are no images: their kinds, and the tables among them that nobody reads."""
    others = [name for name in tree.names if name not in known]
    if not others:
        return []
    kinds = Counter(PurePosixPath(name).suffix.lower() or "no ending" for name in others)
    few = printable(", ".join(kind for kind, _ in kinds.most_common(4)))
    notes = [f"{counted(len(others), 'other file')} left out ({few})"]
    above = _above(base)
    tables = sorted(name for name in others if name.rpartition("/")[0] in above and _is_table(name))
    if 0 < len(tables) < _MANY:
        listing, verb = ", ".join(map(printable, tables[:4])), "is" if len(tables) == 1 else "are"
        notes.append(f"{listing} {verb} not read: a description of the images is called {DESCRIPTIONS}")
    return notes
