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
    """[K] float32, 1 where an attribute holds and 0 where not."""

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
        """The names of those that hold, with commas between them; an empty text for none.  [K]"""
        names = [name.strip() for name in text.split(",") if name.strip()]
        for name in names:
            if name not in self.names:
                raise ConfigError(f"no attribute is called {name!r}{nearest(name, self.names)}")
        return torch.tensor([float(name in names) for name in self.names])

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The names of those that hold, a line for each example."""
        rows = [[name for name, value in zip(self.names, row) if value >= 0.5] for row in values.tolist()]
        return lines([", ".join(row) or "none" for row in rows])

    def __str__(self) -> str:
        return f"{len(self.names)} attributes"
