"""A folder with a page of all held-out images, each beside what became of it, as CycleGAN's results are shown.

`index.html` shows the PNG files beside it and asks for nothing from outside.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.report.page import environment
from saddlepoint.storage.whole import replace

_SMALL = 128
"""side up to which pixels are shown as squares"""


@dataclass(frozen=True, eq=False)
class Columns:
    """Images of one direction, a column each, and a figure for each row.

    word: begins the names of files. images: by heading, uint8 [n, C, H, W], or [n, T, C, H, W] of films.
    """

    word: str
    heading: str
    images: Mapping[str, np.ndarray]
    figures: Sequence[str] = ()


def write_side_by_side(folder: Path, title: str, tables: Sequence[Columns]) -> Path:
    """Write the files and the page, over those of an earlier call, and return its path. Raises RunError."""
    folder.mkdir(parents=True, exist_ok=True)
    described: list[dict[str, Any]] = []
    for table in tables:
        rows = []
        for number in range(len(next(iter(table.images.values())))):
            files = []
            for name, images in table.images.items():
                file = f"{table.word}{number + 1:04}-{name.replace(' ', '-')}.png"
                stream = io.BytesIO()
                as_picture(in_a_row(images[number])).save(stream, "PNG")
                replace(folder / file, stream.getvalue())
                files.append(file)
            rows.append({"files": files, "figure": table.figures[number] if table.figures else ""})
        described.append({"heading": table.heading, "columns": list(table.images), "rows": rows})
    sides = [side for table in tables for images in table.images.values() for side in images.shape[-2:]]
    page = environment().get_template("side_by_side.html.j2")
    path = folder / "index.html"
    replace(path, page.render(title=title, tables=described, small=max(sides) <= _SMALL).encode())
    return path


def in_a_row(image: np.ndarray) -> np.ndarray:
    """An image of any channels, or the frames of a film, as one that can be shown: uint8 [1 or 3, H, W].

    Pictures of several channels stand beside each other; a last channel that says what is known is left out.
    """
    if image.ndim == 4:
        return np.concatenate([in_a_row(frame) for frame in image], 2)
    channels = len(image)
    if channels in (1, 3):
        return image
    if channels in (2, 4):
        return image[:-1]
    step = 3 if channels % 3 == 0 else 1
    return np.concatenate([image[first : first + step] for first in range(0, channels, step)], 2)
