"""Boxes: what lies where in an image, each with a class and how sure that is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from PIL import ImageDraw
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind

NUMBERS = 6
"""of a box: class, score, centre across and down, width and height in shares of the image"""
NONE = -1.0
"""the class of a row that holds no box"""
SURE = 0.5
"""score from which on a box is drawn and listed"""
_COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf", "#e377c2", "#bcbd22")
_SIDE, _GAP = 96, 2


@final
@dataclass(frozen=True)
class Boxes(Kind):
    """[most, 6] float32: class or -1 for none, score, centre x and y, width and height, the last four from 0 to 1.

    The centre and the sizes are in shares of the image, x to the right and y downwards. names: of the classes.
    """

    word: ClassVar[str] = "boxes"
    endings: ClassVar[tuple[str, ...]] = (".json", ".npy", ".npz")
    mirrors: ClassVar[bool] = True
    condition: ClassVar[bool] = True

    most: int
    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(most, 6)"""
        return self.most, NUMBERS

    @property
    def layout(self) -> str:
        """Rows of boxes."""
        return (
            f"[batch, {self.most}, 6]: class from 0 to {len(self.names) - 1} or -1 for none, score, centre x, centre y,"
            " width, height in shares of the image"
        )

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, K, 6] of floating numbers whose first is a class."""
        if array.ndim != 3 or array.shape[2] != NUMBERS or not np.issubdtype(array.dtype, np.floating):
            return None
        classes = array[..., 0]
        if not (classes == np.round(classes)).all() or classes.min(initial=0) < NONE:
            return None
        return cls(array.shape[1], tuple(map(str, range(int(classes.max(initial=0)) + 1))))

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """The boxes of a mirrored or windowed image: what is left of each, and none where nothing is."""
        values = stored.float().clone()
        if change.flip is not None:
            values[..., 2] = torch.where(change.flip[:, None], 1 - values[..., 2], values[..., 2])
        if change.corner is not None:
            times = 1 + change.jitter / change.height
            corner = change.corner.to(values).flip(1)[:, None] / change.height  # x, y in shares of the window
            ends = torch.cat(
                (values[..., 2:4] - values[..., 4:] / 2, values[..., 2:4] + values[..., 4:] / 2), 2
            ) * times - corner.repeat(1, 1, 2)
            ends = ends.clamp(0, 1)
            values[..., 2:4], values[..., 4:] = (ends[..., :2] + ends[..., 2:]) / 2, ends[..., 2:] - ends[..., :2]
            lost = (values[..., 4:] <= 0).any(2)
            values[..., 0] = values[..., 0].masked_fill(lost, NONE)
        return values

    def example(self, n: int, seed: int) -> Tensor:
        """One box and more of random classes, wholly inside."""
        stream = generator(seed, "example boxes", n)
        size = 0.1 + 0.4 * torch.rand(n, self.most, 2, generator=stream)
        centre = size / 2 + (1 - size) * torch.rand(n, self.most, 2, generator=stream)
        label = torch.randint(len(self.names), (n, self.most, 1), generator=stream).float()
        there = torch.rand(n, self.most, 1, generator=stream) < 0.5
        there[:, 0] = True
        return torch.cat((torch.where(there, label, NONE), torch.ones_like(label), centre, size), 2)

    def checked(self, values: Tensor) -> Tensor:
        """Boxes whose classes there are, and which lie within the image.  float32"""
        values = super().checked(values)
        rows = values[values[..., 0] >= 0]
        if not bool((values[..., 0] == values[..., 0].round()).all()) or bool(
            (values[..., 0] >= len(self.names)).any()
        ):
            raise ConfigError(f"classes of boxes are whole numbers from 0 to {len(self.names) - 1}, and -1 for none.")
        low, high = rows[:, 2:4] - rows[:, 4:] / 2, rows[:, 2:4] + rows[:, 4:] / 2
        if bool((low < -1e-3).any()) or bool((high > 1 + 1e-3).any()) or bool((rows[:, 4:] <= 0).any()):
            raise ConfigError("boxes lie within the image: centre, width and height are shares of it, from 0 to 1.")
        return values

    def listing(self, value: Tensor, size: tuple[int, int] | None = None) -> list[dict[str, Any]]:
        """The boxes [most, 6] with a score of .5 or more, the surest first: class, score, and edges.

        size: width and height of the image that edges are counted in the pixels of; None for shares of it.
        """
        width, height = size or (1, 1)
        rows = value.detach().float().cpu()
        rows = rows[(rows[:, 0] >= 0) & (rows[:, 1] >= SURE)]
        boxes = []
        for label, score, x, y, wide, high in rows[rows[:, 1].argsort(descending=True)].tolist():
            edges = (x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height
            names = ("left", "top", "right", "bottom")
            places = {name: round(edge, 2 if size else 5) for name, edge in zip(names, edges)}
            boxes.append({"class": self.names[int(label)], "score": round(score, 4), **places})
        return boxes

    def over(self, picture: Pillow.Image, value: Tensor) -> Pillow.Image:
        """The boxes drawn over a picture, each with its class and score; small pictures are enlarged."""
        times = max(1, round(256 / max(picture.size)))
        size = picture.width * times, picture.height * times
        drawn = picture.convert("RGB").resize(size, Pillow.Resampling.NEAREST)
        pen = ImageDraw.Draw(drawn)
        for box in reversed(self.listing(value, size)):
            colour = _COLOURS[self.names.index(box["class"]) % len(_COLOURS)]
            edges = (box["left"], box["top"], max(box["right"], box["left"]), max(box["bottom"], box["top"]))
            pen.rectangle(edges, outline=colour, width=2)
            pen.text((edges[0] + 3, edges[1] + 2), f"{box['class']} {box['score']:.0%}", fill=colour)
        return drawn

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Each example's boxes on white."""
        blank = Pillow.new("RGB", (_SIDE, _SIDE), "white")
        columns = columns or max(1, math.ceil(math.sqrt(len(values))))
        step = _SIDE + _GAP
        canvas = Pillow.new("RGB", (columns * step + _GAP, -(-len(values) // columns) * step + _GAP), (64, 64, 64))
        for place, value in enumerate(values):
            tile = self.over(blank, value).resize((_SIDE, _SIDE))
            canvas.paste(tile, (_GAP + place % columns * step, _GAP + place // columns * step))
        return canvas

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """JSON of the boxes with a score of .5 or more, in shares of the image; or numpy's own forms."""
        if path.suffix == ".json":
            content = {"boxes": self.listing(value), "unit": "shares of the image", **facts}
            path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        else:
            super().write(value, path, facts)

    def __str__(self) -> str:
        return f"at most {self.most} boxes of {len(self.names)} classes"
