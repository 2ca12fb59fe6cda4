"""metadata.csv, metadata.jsonl and metadata.parquet, as the Hugging Face imagefolder has them.

A row for each image: its path from the folder of the table, its class, perhaps the part of the set, and text.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saddlepoint.data.sources.description import Description
from saddlepoint.data.sources.names import under
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError, MissingExtra
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_FILE = ("file_name", "filename", "file", "image", "image_path", "path")
_LABEL = ("label", "labels", "class", "class_name", "category")
_PART = ("split", "subset")
_EMPTY = ("nan", "none", "null", "na", "n/a")
_WHOLE = re.compile(r"-?[0-9]+\.0+")
_Row = tuple[str, Mapping[str, Any]]
"""where it stands, in words, and the cells by column"""


def read_metadata(tree: Tree, files: Sequence[str]) -> Description:
    """The classes and parts that the tables give, together. files: at most one in a folder.

    Raises DataError, naming the line, for a table that cannot be read.
    """
    classes: dict[str, str | None] = {}
    parts: dict[str, str] = {}
    columns: list[str] = []
    labelled = False
    for file in files:
        folder = file.rpartition("/")[0]
        for where, cells in _rows(tree, file):
            row = {_spelt(name): value for name, value in cells.items()}
            columns += [name for name in row if name not in columns]
            path, label, part = _cells(where, row)
            path = under(folder, path)
            labelled = labelled or any(name in row for name in _LABEL)
            if classes.setdefault(path, label) != label:
                raise DataError(f"{where} gives {path} another class than a row before: keep one.")
            if part:
                parts[path] = part
    if not classes:
        raise DataError(f"{files[0]} has no rows: add one for each image, or move it away.")
    source = files[0] if len(files) == 1 else f"{files[0]} and {counted(len(files) - 1, 'table')} more"
    has_classes = any(label is not None for label in classes.values())
    used = [name for name in columns if name in (*_FILE, *_LABEL, *_PART)]
    spare = [name for name in columns if name not in used]
    notes = [f"{counted(len(classes), 'row')} read from {source}: {', '.join(used)}"]
    notes += [f"columns of {source} that are not used: {', '.join(spare)}"] if spare else []
    notes += [f"{source} gives no image a class"] if labelled and not has_classes else []
    empty = sorted({label for label in classes.values() if label is not None and label.casefold() in _EMPTY})
    notes += [f"{', '.join(empty)} counts as a class: leave the cell empty where there is none"] if empty else []
    return Description(source, tuple(files), classes, decides=has_classes, parts=parts, notes=tuple(notes))


def _spelt(name: str) -> str:
    """A column's name as it is known here, whatever its case; another one as it stands."""
    known = name.strip().lower()
    return known if known in (*_FILE, *_LABEL, *_PART) else name


def _cells(where: str, row: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Path, class and part of a row."""
    column = next((name for name in _FILE if name in row), None)
    if column is None:
        raise DataError(f"{where} has no column file_name: add one with the path of each image, or move the file away.")
    name = row[column]
    if not isinstance(name, str) or not name:
        raise DataError(f"{where} names no file: fill in its {column}.")
    labels = [row[name] for name in _LABEL if name in row]
    label = _class(labels[0], where) if labels else None
    part = next((str(row[name]) for name in _PART if row.get(name)), "")
    return name, label, part


def _class(value: Any, where: str) -> str | None:
    """The name of a class; None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and math.isnan(value):  # as pandas writes an empty cell into JSON
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):  # as pandas writes whole numbers beside empty cells
        value = value.partition(".")[0]
    if isinstance(value, bool) or value in (math.inf, -math.inf) or not isinstance(value, str | int | float):
        raise DataError(f"{where} gives the class {str(value)[:60]!r}: an image has one class, a word or a number.")
    return str(value)


def _rows(tree: Tree, file: str) -> Iterator[_Row]:
    content = tree.read(file)
    if file.endswith(".parquet"):
        yield from _of_parquet(content, file)
        return
    text = text_of(content, file)
    yield from _of_lines(text, file) if file.endswith(".jsonl") else _of_table(text, file)


def _of_table(text: str, file: str) -> Iterator[_Row]:
    rows = rows_of(text, file, delimiter_of(text) or ",")
    number, columns = next(rows, (1, []))
    if not columns:
        raise DataError(f"{file} is empty: it needs a line of names, file_name and label, and a line for each image.")
    _cells_named(columns, number, file)
    for number, cells in rows:
        if len(cells) != len(columns):
            cells_there, cells_needed = counted(len(cells), "cell"), counted(len(columns), "column")
            raise DataError(f"line {number} of {file} has {cells_there} for {cells_needed}: correct it.")
        yield f"line {number} of {file}", dict(zip(columns, cells))


def _cells_named(columns: Sequence[str], number: int, file: str) -> None:
    columns = [_spelt(name) for name in columns]
    if not any(name in columns for name in _FILE):
        raise DataError(
            f"line {number} of {file} has no column file_name ({', '.join(columns[:6])}): name the column of paths so,"
            " or move the file away."
        )
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise DataError(f"line {number} of {file} has the column {min(twice)!r} twice: keep one.")


def _of_lines(text: str, file: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"line {number} of {file}"
        try:
            row = documents.parsed(line, file)
        except Unfit as error:
            raise DataError(f"{where} is not JSON that can be read ({error}): correct it.") from error
        if not isinstance(row, dict):
            raise DataError(f'{where} is no object such as {{"file_name": "a.png", "label": "cat"}}: correct it.')
        yield where, row


def _of_parquet(content: bytes, file: str) -> Iterator[_Row]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra(
            f"{file} is read by pyarrow: pip install 'saddlepoint[hub]', or save the table as metadata.csv."
        ) from error
    try:
        table = parquet.read_table(io.BytesIO(content)).to_pylist()
    except Exception as error:  # a damaged file makes the reader raise nearly anything
        raise DataError(f"{file} cannot be read ({error}): save it again, or as metadata.csv.") from error
    yield from ((f"row {number} of {file}", row) for number, row in enumerate(table, start=1))
