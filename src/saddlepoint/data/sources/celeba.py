"""CelebA with its forty attributes and its parts, and CelebA-HQ. Liu et al. 2015, arXiv:1411.7766; Karras et al. 2018.

The images lie in img_align_celeba, as a folder or a zip, the tables beside them or in Anno and Eval, as text or as the
.csv that Kaggle gives out. CelebA-HQ is read as CelebAMask-HQ has it (Lee et al. 2020, arXiv:1907.11922), or from any
folder of its images.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.data.sources.archive import zip_tree
from saddlepoint.data.sources.attributes import Attributes, read_attributes
from saddlepoint.data.sources.chosen import chosen_files, file_called, tree_at
from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.names import in_order, is_image
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

BRING = (
    "img_align_celeba (a folder or img_align_celeba.zip), list_attr_celeba.txt and list_eval_partition.txt (from"
    " https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, or the .csv files of the same names)"
)
BRING_HQ = (
    "CelebA-HQ-img and CelebAMask-HQ-attribute-anno.txt (from https://github.com/switchablenorms/CelebAMask-HQ), or a"
    " folder of images"
)
_IMAGE = re.compile(r"(?:.*/)?\d{6}\.(?:jpg|png)", re.IGNORECASE)
_PLACES = ("img_align_celeba", "img_align_celeba_png", "img_celeba")
_PARTS = ("train", "validation", "test")


def celeba_pictures(path: Path, word: str) -> FilePictures:
    """CelebA's training part with its attributes. Raises DataError where images or tables cannot be read."""
    tree = tree_at(path, word, BRING)
    packed = file_called(tree, "img_align_celeba.zip")
    images = tree
    if packed is not None and path.is_dir() and not any(map(_IMAGE.fullmatch, tree.names)):
        images = zip_tree(path / packed, word)
    names = _aligned([name for name in images.names if _IMAGE.fullmatch(name)])
    if not names:
        raise DataError(f"{path} holds no image of CelebA such as 000001.jpg: it must hold {BRING}.")
    notes, skipped, read = list[str](), list[tuple[str, str]](), list[str]()
    partition = file_called(tree, "list_eval_partition.txt", "list_eval_partition.csv")
    if partition is None:
        notes.append("no list_eval_partition.txt: all images are taken, also those that are kept for testing")
    else:
        parts = read_partition(text_of(tree.read(partition), partition), partition)
        names = _training(names, parts, partition, notes, skipped)
        read.append(partition)
    known: dict[str, object] = {}
    file = file_called(tree, "list_attr_celeba.txt", "list_attr_celeba.csv")
    if file is None:
        notes.append("no list_attr_celeba.txt: the images have no attributes")
    else:
        names, known = _with_attributes(names, _table(tree, file), notes, skipped)
        read.append(file)
    if images is not tree:
        read = []  # of another tree: their content stands in the fields
    return chosen_files(images, names, read=read, notes=notes, skipped=skipped, **known)


def celeba_hq_pictures(path: Path, word: str) -> FilePictures:
    """CelebA-HQ, with attributes where CelebAMask-HQ's table of them is there; masks are left out."""
    tree = tree_at(path, word, BRING_HQ)
    names = [name for name in tree.names if is_image(name) and PurePosixPath(name).parent.name == "CelebA-HQ-img"]
    if not names:
        return pictures_of(tree)
    notes, skipped, known = list[str](), list[tuple[str, str]](), dict[str, object]()
    names = in_order(names)
    file = file_called(tree, "CelebAMask-HQ-attribute-anno.txt")
    if file is None:
        notes.append("no CelebAMask-HQ-attribute-anno.txt: the images have no attributes")
    else:
        names, known = _with_attributes(names, _table(tree, file), notes, skipped)
    return chosen_files(tree, names, read=[file] if file else [], notes=notes, skipped=skipped, **known)


def read_partition(text: str, source: str) -> dict[str, int]:
    """By image its part: 0 for training, 1 for validation, 2 for testing.

    Rows are FILE PART; a line of headings may come first. Raises DataError, naming the line, for anything else.
    """
    parts: dict[str, int] = {}
    for place, (number, cells) in enumerate(rows_of(text, source, delimiter_of(text))):
        if place == 0 and len(cells) == 2 and not cells[1].isdigit():
            continue
        if len(cells) != 2 or cells[1] not in ("0", "1", "2"):
            raise DataError(
                f"line {number} of {source} is not FILE PART, with 0 for training, 1 for validation and 2 for testing."
            )
        if parts.setdefault(cells[0], int(cells[1])) != int(cells[1]):
            raise DataError(f"line {number} of {source} contradicts an earlier line about {cells[0]}: keep one.")
    if not parts:
        raise DataError(f"{source} has no rows: fetch it again, or move it away.")
    return parts


def _aligned(names: list[str]) -> list[str]:
    """The images of one form where several are there: aligned before in the wild."""
    for place in _PLACES:
        inside = [name for name in names if place in PurePosixPath(name).parts]
        if inside:
            return in_order(inside)
    return in_order(names)


def _training(
    names: list[str], parts: dict[str, int], source: str, notes: list[str], skipped: list[tuple[str, str]]
) -> list[str]:
    of = {name: _part(PurePosixPath(name).name, parts) for name in names}
    kept = [name for name in names if of[name] == 0]
    skipped += [(name, f"has no row in {source}") for name in names if of[name] is None]
    counts = [sum(part == number for part in of.values()) for number in range(3)]
    if not kept:
        raise DataError(f"{source} names no image that is there for training: fetch the images or the table again.")
    left = ", ".join(f"{_PARTS[number]} ({counts[number]:,})" for number in (1, 2) if counts[number])
    notes.append(f"the part for training was taken, by {source}" + (f", not {left}" if left else ""))
    return kept


def _part(name: str, parts: dict[str, int]) -> int | None:
    """img_align_celeba_png has the same numbers with another ending."""
    return parts.get(name, parts.get(f"{PurePosixPath(name).stem}.jpg"))


def _table(tree: Tree, file: str) -> Attributes:
    table = read_attributes(text_of(tree.read(file), file), file)
    stems = {f"{PurePosixPath(name).stem}.png": row for name, row in table.rows.items()}
    return replace(table, rows={**stems, **table.rows})


def _with_attributes(
    names: list[str], table: Attributes, notes: list[str], skipped: list[tuple[str, str]]
) -> tuple[list[str], dict[str, object]]:
    places, values, _ = table.of(names)
    kept = [names[place] for place in places]
    skipped += [(name, f"has no row in {table.source}") for name in in_order({*names} - {*kept})]
    notes.append(f"{counted(len(table.names), 'attribute')} from {table.source}: {', '.join(table.names)}")
    labels = tuple(printable(name) for name in table.names)
    return kept, {"attributes": np.asarray(values), "attribute_names": labels}
