"""dataset.json, as NVIDIA's dataset tools write it: {"labels": [["00000/img00000000.png", 6], ...]}, or null.

Karras et al. 2020, arXiv:2006.06676 (stylegan2-ada-pytorch, dataset_tool.py).
"""

from __future__ import annotations

from typing import Any

from saddlepoint.data.sources.description import Description
from saddlepoint.data.sources.names import under
from saddlepoint.data.sources.tables import text_of
from saddlepoint.data.sources.tree import MOST_DESCRIPTION, Tree
from saddlepoint.errors import DataError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

NAME = "dataset.json"
_MOST_ITEMS = 50_000_000
"""brackets and commas of a description: three of them for each of some million images"""
_MEND = "make it again with NVIDIA's dataset_tool.py, or move it away"


def read_dataset_json(tree: Tree, file: str) -> Description:
    """The classes that a dataset.json gives; null, and vectors in place of classes, mean that there are none.

    Raises DataError, naming the line or the row, for one that cannot be read.
    """
    content = read_json(tree.read(file), file)
    if not isinstance(content, dict) or "labels" not in content:
        raise DataError(f'{file} has no entry "labels" of the form [[file, class], ...] or null: {_MEND}.')
    rows = content["labels"]
    if rows is None or rows == []:
        return Description(file, (file,), {}, decides=True, notes=(f"{file} gives no labels: there are no classes",))
    if not isinstance(rows, list):
        raise DataError(f'"labels" of {file} is no list of [file, class]: {_MEND}.')
    folder = file.rpartition("/")[0]
    classes: dict[str, str | None] = {}
    for number, row in enumerate(rows, start=1):
        name, label = _row(row, number, file)
        path = under(folder, name)
        if classes.setdefault(path, label) != label:
            raise DataError(f"row {number} of {file} gives {name} another class than a row before: {_MEND}.")
    if None in classes.values():
        note = f"the labels of {file} are vectors (as of cameras), not classes: they are not used"
        return Description(file, (file,), dict.fromkeys(classes), decides=True, notes=(note,))
    note = f"classes of {counted(len(classes), 'image')} read from {file}"
    return Description(file, (file,), classes, decides=True, notes=(note,))


def _row(row: Any, number: int, file: str) -> tuple[str, str | None]:
    """File and class of a row; None for a vector."""
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str):
        raise DataError(f"row {number} of {file} is not of the form [file, class]: {_MEND}.")
    name, label = row
    if isinstance(label, list):
        return name, None
    whole = isinstance(label, int) or (isinstance(label, float) and label.is_integer())
    if isinstance(label, bool) or not whole or label < 0:
        raise DataError(f"row {number} of {file} gives the class {label!r}, not a whole number from 0: {_MEND}.")
    return name, str(int(label))


def read_json(content: bytes, file: str) -> Any:
    """JSON in any encoding of text. Raises DataError, naming the line, for what is none, too long or too deep."""
    try:
        text = text_of(content, file)
        return documents.parsed(text, file, most_bytes=MOST_DESCRIPTION, most_items=_MOST_ITEMS)
    except Unfit as error:
        raise DataError(f"{error}: correct it, or move it away.") from error
