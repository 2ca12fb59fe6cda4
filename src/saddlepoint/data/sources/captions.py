"""Captions of images: a table or a .jsonl beside them, a description as COCO has it, or a .txt for each image.

A table has columns `file` and `caption` (also `file_name`, `image` and `text`), as has each line of a `.jsonl`; Hugging
Face's `metadata.csv` and `metadata.jsonl` are such. COCO (Chen et al. 2015, arXiv:1504.00325): {"images": [{"id",
"file_name"}], "annotations": [{"image_id", "caption"}]}. A file `cat.txt` is the caption of `cat.png`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from saddlepoint.data.sources.names import composed, is_image
from saddlepoint.data.sources.nvidia import read_json
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.kinds.tokenizer import encode, learn
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

TABLES = ("captions.csv", "captions.tsv", "captions.jsonl", "metadata.csv", "metadata.jsonl")
LONGEST = 64
"""words and signs of a caption that are read; what follows is cut off"""
_MOST_LINE = 2**20  # letters of a line
_FILES, _TEXTS = ("file", "file_name", "filename", "image"), ("caption", "text", "captions")


@dataclass(frozen=True)
class _Row:
    """A caption as it was read. where: what to call it in a message."""

    file: str
    caption: str
    where: str


def caption_pictures(tree: Tree) -> FilePictures:
    """The images of a tree that have a caption, with its words; of several captions of one image the first is read.

    Raises DataError where there are no captions, where they cannot be read, or where they are of none of the images.
    """
    images = sorted(name for name in tree.names if is_image(name))
    if not images:
        raise DataError(f"{tree.source} holds no image.")
    rows, files = _described(tree, images)
    placed, notes, skipped = _placed(rows, images, files)
    names = [name for name in images if name in placed]
    if not names:
        raise DataError(f"{files} of {tree.source} has a caption for none of the images, such as {images[0]}.")
    texts = [placed[name] for name in names]
    pieces, _ = learn(texts, "words")
    numbers = [encode(text, "words", pieces) for text in texts]
    long = sum(len(row) > LONGEST for row in numbers)
    numbers = [row[:LONGEST] for row in numbers]
    kind = Tokens(max(map(len, numbers)) + 1, pieces, "words")
    tokens = np.array([row + [0] * (kind.length - len(row)) for row in numbers], np.uint16)
    notes.insert(0, f"{counted(len(names), 'caption')} of {counted(len(pieces) - 2, 'word')} from {files}")
    if long:
        notes.append(f"{counted(long, 'caption')} cut after {LONGEST} words and signs")
    without = [(name, "has no caption") for name in images if name not in placed]
    return FilePictures(
        source=tree.source,
        listing=tree.stamp([*names, *([files] if files in tree.names else [])]),
        names=names,
        stream=lambda index: tree.opened(names[index]),
        text=tokens,
        text_kind=kind,
        notes=(*tree.notes, *notes),
        skipped=(*tree.skipped, *skipped, *without),
    )


def _described(tree: Tree, images: list[str]) -> tuple[list[_Row], str]:
    """The captions of the first description that there is, and what to call it."""
    for name in sorted(tree.names, key=lambda name: (name.count("/"), name)):
        if PurePosixPath(name).name in TABLES:
            text = text_of(tree.read(name), name)
            return list((_of_lines if name.endswith(".jsonl") else _of_table)(text, name)), name
    for name in sorted(name for name in tree.names if name.lower().endswith(".json")):
        content = read_json(tree.read(name), name)
        if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
            return list(_of_coco(content, name)), name
    beside, existing = {str(PurePosixPath(name).with_suffix(".txt")): name for name in images}, set(tree.names)
    rows = [
        _Row(name, " ".join(text_of(tree.read(text), text).split()), text)
        for text, name in beside.items()
        if text in existing
    ]
    if rows:
        return rows, "the .txt of each"
    raise DataError(
        f"{tree.source} has no captions: put captions.csv beside the images, with the columns file and caption, or a"
        " .txt of the same name beside each."
    )


def _of_table(text: str, file: str) -> Iterator[_Row]:
    rows = rows_of(text, file, delimiter_of(text) or ",")
    line, head = next(rows, (1, []))
    low = [cell.lower() for cell in head]
    files, captions = ([low.index(name) for name in names if name in low] for names in (_FILES, _TEXTS))
    if not (files and captions):
        missing = "caption" if files else "file"
        raise DataError(f"line {line} of {file} has no column {missing!r}: it needs file and caption.")
    for number, cells in rows:
        if len(cells) != len(head):
            raise DataError(
                f"line {number} of {file} has {len(cells)} cells, where the first line has {len(head)}: put captions"
                " with commas into quotes."
            )
        yield _Row(cells[files[0]], cells[captions[0]], f"line {number} of {file}")


def _of_lines(text: str, file: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"line {number} of {file}"
        try:
            content = documents.parsed(line, where, most_bytes=_MOST_LINE, most_items=_MOST_LINE)
        except Unfit as error:
            raise DataError(f"{error}: correct it.") from error
        values = [
            next((content[name] for name in names if name in content), None) if isinstance(content, dict) else None
            for names in (_FILES, _TEXTS)
        ]
        for each in values[1] if isinstance(values[1], list) else values[1:]:
            if not (isinstance(values[0], str) and isinstance(each, str)):
                raise DataError(f"{where} lacks a text under file_name or under text.")
            yield _Row(values[0], each, where)


def _of_coco(content: dict[str, Any], name: str) -> Iterator[_Row]:
    try:
        files = {image["id"]: str(image["file_name"]) for image in content["images"]}
        for number, each in enumerate(content["annotations"], start=1):
            yield _Row(files[each["image_id"]], str(each["caption"]), f"annotation {number} of {name}")
    except (KeyError, TypeError) as error:
        raise DataError(f"{name} is no description of captions as COCO has it: {error} is missing.") from error


def _placed(rows: list[_Row], images: list[str], files: str) -> tuple[dict[str, str], list[str], list[tuple[str, str]]]:
    """The first caption of each image, by its whole path or its last part; what else to say; what is left out."""
    whole, last = {composed(name): name for name in images}, dict[str, list[str]]()
    for name in images:
        last.setdefault(composed(PurePosixPath(name).name), []).append(name)
    placed: dict[str, str] = {}
    more, skipped = 0, dict[str, str]()
    for row in rows:
        file = composed(row.file.strip())
        same = [whole[file]] if file in whole else last.get(PurePosixPath(file).name, [])
        if len(same) > 1:
            raise DataError(f"{row.where}: {len(same)} images are called {row.file}: write whole paths.")
        if not same:
            skipped.setdefault(row.file, f"is named by {files} and not there")
        elif same[0] in placed:
            more += 1
        elif row.caption.strip():
            placed[same[0]] = row.caption.strip()
    notes = [f"{counted(more, 'further caption')} of the same images left out"] if more else []
    return placed, notes, list(skipped.items())
