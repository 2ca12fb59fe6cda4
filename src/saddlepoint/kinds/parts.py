"""Parts: the class of each point of a cloud, in the order of its points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.text import lines

COLOURS = (
    (214, 84, 30), (38, 110, 190), (60, 160, 80), (150, 90, 180), (230, 180, 40), (90, 190, 200), (130, 90, 60),
    (220, 110, 160), (110, 120, 130), (160, 190, 60),
)  # fmt: skip
"""of classes in turn, red, green and blue of 255"""


@final
@dataclass(frozen=True)
class Parts(Kind):
    """[P] int64, each in [0, number of names)."""

    word: ClassVar[str] = "parts"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    condition: ClassVar[bool] = True

    points: int
    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int]:
        """(P,)"""
        return (self.points,)

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, P] of whole numbers, each its own name."""
        if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
            return None
        return cls(array.shape[1], tuple(map(str, range(int(array.max(initial=-1)) + 1))))

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, P] int64"""
        return stored.long()

    def example(self, n: int, seed: int) -> Tensor:
        """Each point by chance."""
        stream = generator(seed, "example parts", n)
        return torch.randint(len(self.names), (n, self.points), generator=stream)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A line for each: how many points each part has."""
        return lines([_counts(row, self.names) for row in values.long()])

    def __str__(self) -> str:
        return f"{len(self.names)} parts of {self.points} points"


def _counts(row: Tensor, names: tuple[str, ...]) -> str:
    counts = torch.bincount(row, minlength=len(names)).tolist()
    return ", ".join(f"{name} {count}" for name, count in zip(names, counts) if count)


def coloured(parts: Tensor) -> np.ndarray:
    """Class numbers [...] as colours, uint8 [..., 3]; they come again after the tenth class."""
    table = np.array(COLOURS, np.uint8)
    shown: np.ndarray = table[parts.cpu().numpy() % len(COLOURS)]
    return shown
