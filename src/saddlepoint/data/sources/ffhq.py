"""FFHQ's own description, ffhq-dataset-v2.json: which photographs are for training.

Karras et al. 2019, arXiv:1812.04948. It is a quarter of a gigabyte of JSON, an entry a photograph, and is
read entry by entry.
"""

from __future__ import annotations

import re
from typing import Any

from saddlepoint.data.sources.description import Description
from saddlepoint.data.sources.names import under
from saddlepoint.data.sources.tables import text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged
from saddlepoint.text import counted

NAME = re.compile(r"ffhq-dataset-v[0-9]+\.json")
_FORMS = ("image", "thumbnail", "in_the_wild")


def read_ffhq(tree: Tree, file: str) -> Description:
    """The photographs of the largest form that is there, with the part of each; there are no classes.

    Raises DataError, naming the line, for one that cannot be read.
    """
    folder = file.rpartition("/")[0]
    existing = frozenset(tree.names)
    parts: dict[str, dict[str, str]] = {form: {} for form in _FORMS}
    with judged(file, DataError, "Fetch it again, or move it away"):
        for number, entry in documents.members(text_of(tree.read(file), file), file):
            for form in _FORMS:
                path = _path(entry, form)
                if path is not None:
                    parts[form][under(folder, path)] = str(entry.get("category", ""))
            if not any(_path(entry, form) for form in _FORMS):
                raise DataError(f'entry {number} of {file} has no "file_path": fetch it again, or move it away.')
    form = next((form for form in _FORMS if existing & parts[form].keys()), _FORMS[0])
    note = (
        f"{counted(len(parts[form]), 'photograph')} described by {file}: those for training are taken, without classes"
    )
    return Description(file, (file,), dict.fromkeys(parts[form]), decides=True, parts=parts[form], notes=(note,))


def _path(entry: Any, form: str) -> str | None:
    description = entry.get(form) if isinstance(entry, dict) else None
    path = description.get("file_path") if isinstance(description, dict) else None
    return path if isinstance(path, str) else None
