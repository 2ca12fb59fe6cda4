"""Boxes around what images show: boxes.csv beside them, or a description as COCO has it.

In `boxes.csv` a line of names comes first, then `FILE,class,left,top,width,height` for each box, in pixels.
COCO (Lin et al. 2014, arXiv:1405.0312): {"images": [{"id", "file_name"}], "categories": [{"id", "name"}],
"annotations": [{"image_id", "category_id", "bbox": [left, top, width, height]}]}.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage, header
from saddlepoint.data.sources.fit import Fit
from saddlepoint.data.sources.names import is_image
from saddlepoint.data.sources.nvidia import read_json
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.kinds.boxes import NONE, NUMBERS
from saddlepoint.text import counted, printable

TABLES = ("boxes.csv", "boxes.tsv")
_COLUMNS = ("file", "class", "left", "top", "width", "height")


@dataclass(frozen=True)
class _Row:
    """A box as it was read, in pixels. where: what to call it in a message."""

    file: str
    label: str
    edges: tuple[float, float, float, float]
    where: str


def box_pictures(tree: Tree) -> FilePictures:
    """The images of a tree with the boxes of each; an image that no row names has none.

    `boxes` of what comes back is [N, most + 1, 6]: class, 1, centre and size in pixels of the image as it is, rows of
    class -1 for none; the last row says how wide and high the image is, where the centre stands.
    Raises DataError where there is no description, where it cannot be read, or where it leaves no box.
    """
    images = sorted(name for name in tree.names if is_image(name))
    if not images:
        raise DataError(f"{tree.source} holds no image.")
    rows, file = _described(tree)
    skipped, notes = list(tree.skipped), list(tree.notes)
    by_name, sizes = _placed(rows, images, file, skipped), dict[str, tuple[int, int]]()
    for name in images:
        try:
            with tree.opened(name) as stream:
                shape = header(stream)
            sizes[name] = (shape.width, shape.height)
        except (OSError, UnusableImage) as error:
            skipped.append((name, str(error)))
    names = [name for name in images if name in sizes]
    boxes: dict[str, list[_Row]] = {}
    cut = 0
    for name in names:
        for row in by_name.get(name, []):
            inside, was_cut = _within(row, sizes[name], skipped)
            cut += was_cut
            boxes.setdefault(name, []).extend(inside)
    labels = sorted({row.label for own in boxes.values() for row in own})
    if not labels:
        first = f"; {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise DataError(f"{file} of {tree.source} has no box that can be used{first}.")
    most = max(map(len, boxes.values()))
    table = np.zeros((len(names), most + 1, NUMBERS), np.float32)
    table[..., 0] = NONE
    for place, name in enumerate(names):
        table[place, -1, 2:4] = sizes[name]
        for number, row in enumerate(boxes.get(name, [])):
            left, top, right, bottom = row.edges
            centre = (left + right) / 2, (top + bottom) / 2
            table[place, number] = (labels.index(row.label), 1, *centre, right - left, bottom - top)
    count = sum(map(len, boxes.values()))
    notes.append(f"{counted(count, 'box', 'boxes')} of {counted(len(labels), 'class', 'classes')} from {file}")
    if cut:
        notes.append(f"{counted(cut, 'box', 'boxes')} cut at the edge of the image")
    return FilePictures(
        source=tree.source,
        listing=tree.stamp([*names, file]),
        names=names,
        stream=lambda index: tree.opened(names[index]),
        boxes=table,
        box_names=tuple(printable(label) for label in labels),
        notes=tuple(notes),
        skipped=tuple(skipped),
    )


def boxes_fitted(boxes: np.ndarray, size: Sequence[int], fit: Fit) -> np.ndarray:
    """Boxes of `box_pictures` in shares of images that `fitted_to` has brought to `size` (width, height): [N, most, 6].

    What a cut image has lost of a box is cut off; a box of which nothing is left is none.
    """
    own, target = boxes[:, -1:, 2:4].astype(np.float64), np.array(size[:2], np.float64)
    rows = boxes[:, :-1].astype(np.float64)
    low, high = rows[..., 2:4] - rows[..., 4:] / 2, rows[..., 2:4] + rows[..., 4:] / 2
    start, span = np.zeros_like(own), own
    if fit == "crop":
        span = np.minimum(own, np.maximum(np.rint(target / (target / own).max(2, keepdims=True)), 1))
        start = (own - span) // 2
    elif fit == "pad":
        scale = (target / own).min(2, keepdims=True)
        inner = np.minimum(np.maximum(np.rint(own * scale), 1), target)
        span = target * own / inner
        start = -((target - inner) // 2) * own / inner
    low, high = (np.clip((edge - start) / span, 0, 1) for edge in (low, high))
    rows[..., 2:4], rows[..., 4:] = (low + high) / 2, high - low
    gone = (rows[..., 4:] <= 0).any(2)
    rows[..., 0] = np.where(gone, NONE, rows[..., 0])
    return rows.astype(np.float32)


def _described(tree: Tree) -> tuple[list[_Row], str]:
    """The rows of the first description, and its file."""
    tables = sorted(
        (name for name in tree.names if PurePosixPath(name).name in TABLES), key=lambda name: name.count("/")
    )
    if tables:
        return list(_of_table(text_of(tree.read(tables[0]), tables[0]), tables[0])), tables[0]
    for name in sorted(name for name in tree.names if name.lower().endswith(".json")):
        content = read_json(tree.read(name), name)
        if isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys():
            return list(_of_coco(content, name)), name
    raise DataError(
        f"{tree.source} says of no image where something is: put boxes.csv beside the images, with the columns"
        f" {', '.join(_COLUMNS)}, or a .json as COCO has it."
    )


def _of_table(text: str, file: str) -> Iterator[_Row]:
    rows = rows_of(text, file, delimiter_of(text) or ",")
    line, head = next(rows, (1, []))
    low = [cell.lower() for cell in head]
    missing = [name for name in _COLUMNS if name not in low]
    if missing:
        raise DataError(f"line {line} of {file} has no column {missing[0]!r}: it needs {', '.join(_COLUMNS)}.")
    places = [low.index(name) for name in _COLUMNS]
    for number, cells in rows:
        if len(cells) != len(head):
            raise DataError(f"line {number} of {file} has {len(cells)} cells, where the first line has {len(head)}.")
        name, label, *numbers = (cells[place] for place in places)
        yield _row(name, label, numbers, f"{file}, line {number}")


def _of_coco(content: dict[str, Any], file: str) -> Iterator[_Row]:
    try:
        files = {image["id"]: str(image["file_name"]) for image in content["images"]}
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        for number, each in enumerate(content["annotations"], start=1):
            where = f"{file}, annotation {number}"
            yield _row(files[each["image_id"]], names[each["category_id"]], each["bbox"], where)
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} is no description as COCO has it: {error} is missing or of another sort.") from error


def _row(name: str, label: str, numbers: Sequence[Any], where: str) -> _Row:
    try:
        left, top, width, height = map(float, numbers)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: left, top, width and height must be four numbers of pixels.") from error
    if not all(map(math.isfinite, (left, top, width, height))):
        raise DataError(f"{where}: left, top, width and height must be finite.")
    return _Row(name, label, (left, top, left + width, top + height), where)


def _placed(rows: list[_Row], images: list[str], file: str, skipped: list[tuple[str, str]]) -> dict[str, list[_Row]]:
    """The rows by image: by its whole path, or its last part where only one image has it."""
    whole, last = set(images), dict[str, list[str]]()
    for name in images:
        last.setdefault(PurePosixPath(name).name, []).append(name)
    placed: dict[str, list[_Row]] = {}
    gone = set()
    for row in rows:
        same = [row.file] if row.file in whole else last.get(PurePosixPath(row.file).name, [])
        if len(same) > 1:
            raise DataError(f"{row.where}: {len(same)} images are called {row.file}: write whole paths.")
        if same:
            placed.setdefault(same[0], []).append(row)
        elif row.file not in gone:
            gone.add(row.file)
            skipped.append((row.file, f"is named by {file} and not there"))
    return placed


def _within(row: _Row, size: tuple[int, int], skipped: list[tuple[str, str]]) -> tuple[list[_Row], bool]:
    """The part of a box that lies in its image, and whether anything was cut off; none where it has no part there."""
    left, top, right, bottom = row.edges
    edges = (max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1])))
    if edges[0] >= edges[2] or edges[1] >= edges[3]:
        skipped.append((row.where, f"has a box outside its image, which is {size[0]}x{size[1]}, or without an area"))
        return [], False
    return [_Row(row.file, row.label, edges, row.where)], edges != row.edges
