"""Attributes of images as numbers, from which directions are computed: from a table file, or from classes."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.errors import DataError

Scores = dict[str, NDArray[np.floating]]
"""a name -> [n] numbers, one for each image; not a number where it is not known"""


def read_scores(path: Path) -> Scores:
    """The columns of a CSV file: a heading, then a line for each image.

    The first column names the image, by its number or as a file whose name holds it (00017.png is image 17), and each
    other column is an attribute: 0 and 1, or any grades; empty where it is not known. The arrays are as long as the
    highest number asks. Raises DataError for a file that cannot be read, or a line that does not fit.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            heading, *lines = [line for line in csv.reader(opened) if any(map(str.strip, line))] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the scores {path} cannot be read: {error}.") from error
    names = [name.strip() for name in heading[1:]]
    if not names or not lines or len(set(names)) < len(names) or "" in names:
        raise DataError(
            f"{path} needs a heading and lines below it: the image first, then a column with a name of its own for each"
            " attribute, such as 'image,smile,age'."
        )
    rows = [_row(path, number, line, len(names)) for number, line in enumerate(lines, start=2)]
    table = np.full((len(names), max(image for image, _ in rows) + 1), np.nan)
    for image, values in rows:
        table[:, image] = values
    return dict(zip(names, table))


def _row(path: Path, number: int, line: Sequence[str], columns: int) -> tuple[int, list[float]]:
    image = re.search(r"(\d+)(?:\.\w+)?$", line[0].strip())
    try:
        assert image is not None
        assert len(line) == columns + 1
        return int(image[1]), [float(cell) if cell.strip() else np.nan for cell in line[1:]]
    except (AssertionError, ValueError) as error:
        raise DataError(
            f"line {number} of {path} must name an image and give {columns} numbers: {','.join(line)[:80]!r}."
        ) from error


def of_classes(probabilities: Tensor, names: Sequence[str]) -> Scores:
    """For each class whether an image is most likely of it, 1 or 0, from probabilities [n, classes]."""
    likeliest = probabilities.argmax(1).cpu().numpy()
    return {name: (likeliest == place).astype(np.float64) for place, name in enumerate(names)}
