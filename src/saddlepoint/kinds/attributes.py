"""Attributes: several things that each hold of an example or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.text import lines


@final
@dataclass(frozen=True)
class Attributes(Kind):
    """[K] float32, 1 where an attribute holds and 0 where not; between them where one is asked for that holds a
    little."""

    word: ClassVar[str] = "attributes"
    condition: ClassVar[bool] = True
    in_words: ClassVar[bool] = True

    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int]:
        """(K,)"""
        return (len(self.names),)

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, K] of numbers, each attribute its own name."""
        return cls(tuple(map(str, range(array.shape[1])))) if array.ndim == 2 else None

    def shown(self, stored: Tensor, change: object) -> Tensor:
        """[N, K] float32"""
        return stored.float()

    def example(self, n: int, seed: int) -> Tensor:
        """Each attribute by a coin, each row a function of the seed and its number."""
        return (torch.rand(n, *self.shape, generator=generator(seed, "example attributes")) < 0.5).float()

    def parse(self, text: str) -> Tensor:
        """The names of those that hold, with commas between them, each perhaps with how much of it, such as
        "night, snow=0.5"; an empty text for none.  [K]"""
        holds = dict.fromkeys(self.names, 0.0)
        for part in filter(None, map(str.strip, text.split(","))):
            name, equals, share = part, "", ""
            if part not in holds:  # a name may hold an equals sign itself
                name, equals, share = (word.strip() for word in part.rpartition("="))
            if name not in holds:
                raise ConfigError(f"no attribute is called {part!r}{nearest(name or part, self.names)}")
            holds[name] = _share(share, part) if equals else 1.0
        return torch.tensor([*holds.values()])

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The names of those that hold, a line for each example; in hundredths of those that hold in part."""
        rows = [
            [name if value > 0.995 else f"{name} {value:.0%}" for name, value in zip(self.names, row) if value >= 0.005]
            for row in values.tolist()
        ]
        return lines([", ".join(row) or "none" for row in rows])

    def __str__(self) -> str:
        return f"{len(self.names)} attributes"


def _share(text: str, part: str) -> float:
    """How much of an attribute is asked for, 0 to 1. Raises ConfigError."""
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(
            f"{part!r} says how much of an attribute holds: write a number from 0 to 1, such as snow=0.5."
        )
    return share
