"""Image sets of the Hugging Face hub through the package `datasets`, an optional extra: hub:OWNER/NAME/CONFIG@SPLIT."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.layout import as_labels
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.errors import ConfigError, DataError, MissingExtra, OfflineError

_LABELS = ("label", "labels", "class")
"""columns of words or numbers that are read as classes, where no column says that it holds them"""
_FORM = re.compile(r"(?P<name>[\w.-]+(/[\w.-]+)?)(/(?P<config>[\w.-]+))?(@(?P<split>[^@/]+))?")


def hub_pictures(source: str) -> FilePictures:
    """The first image column of a set on the hub, with its first class column as labels.

    source: "hub:NAME", "hub:OWNER/NAME" or "hub:OWNER/NAME/CONFIG", each with "@SPLIT" if not "train".
    Raises MissingExtra without the package, ConfigError for another form, OfflineError when the set cannot be had,
    DataError when it has no images. No code of the set is ever run.
    """
    form = _FORM.fullmatch(source.removeprefix("hub:"))
    if form is None:
        raise ConfigError(f"{source} is not of the form hub:OWNER/NAME, hub:OWNER/NAME/CONFIG or either with @SPLIT.")
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("sets of the hub need the package datasets: pip install 'saddlepoint[hub]'.") from error
    try:
        table = datasets.load_dataset(
            form["name"], form["config"], split=form["split"] or "train", trust_remote_code=False
        )
    except OSError as error:  # no network, no such set
        raise OfflineError(f"{source} could not be fetched ({error}): check its name and the network.") from error
    except (ValueError, RuntimeError) as error:  # no such config or split, or a set that needs its own code
        raise DataError(f"{source} could not be opened: {error}") from error
    image = next((name for name, kind in table.features.items() if isinstance(kind, datasets.Image)), None)
    if image is None:
        raise DataError(f"{source} has no column of images; its columns are {', '.join(table.features)}.")
    label = next((name for name, kind in table.features.items() if isinstance(kind, datasets.ClassLabel)), None)
    plain = next((name for name in _LABELS if label is None and name in table.features), None)
    notes: list[str] = []
    labels, classes = (None, ()) if plain is None else _plain_labels(table, plain, source, notes)
    encoded = table.select_columns([image]).cast_column(image, datasets.Image(decode=False))
    return FilePictures(
        source=source,
        listing=json.dumps([source, len(table), table._fingerprint]),
        labels=labels if label is None else _labels(table, label, source),
        classes=classes if label is None else tuple(table.features[label].names),
        notes=tuple(notes),
        names=[f"row {row}" for row in range(len(table))],
        stream=lambda index: _stream(encoded[int(index)][image]),
    )


def _plain_labels(table: Any, column: str, source: str, notes: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Classes from a column of words or whole numbers; none, which is noted, where it holds anything else."""
    cells = table.select_columns([column])[column]
    if not all(isinstance(cell, str | int) and not isinstance(cell, bool) for cell in cells):
        notes.append(f"the column {column} of {source} holds no classes: it is not used")
        return None, ()
    notes.append(f"classes read from the column {column}")
    return as_labels([str(cell) for cell in cells], notes)


def _labels(table: Any, column: str, source: str) -> np.ndarray:
    labels = np.array(table.select_columns([column])[column], dtype=np.int64)
    if labels.size and labels.min() < 0:  # how the hub writes "not known"
        raise DataError(f"{source} has rows without a label (-1): choose a split that is labelled.")
    return labels


def _stream(cell: dict[str, Any] | None) -> BinaryIO:
    """An encoded image from its cell: the bytes themselves, or the path of a file that holds them."""
    if cell is None:
        raise UnusableImage("the row has no image")
    return io.BytesIO(cell["bytes"]) if cell["bytes"] is not None else Path(cell["path"]).open("rb")
