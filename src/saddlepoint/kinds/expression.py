"""Expressions: what a face does, as a few numbers; 0 is at rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pictures import grid


@final
@dataclass(frozen=True)
class Expression(Kind):
    """[E] float32 about -1 to 1, or of several views [V, E]. views: how many; 0 for one expression."""

    word: ClassVar[str] = "expressions"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    condition: ClassVar[bool] = True
    in_words: ClassVar[bool] = True

    numbers: int
    views: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """(E,) or (V, E)"""
        return (self.views, self.numbers) if self.views else (self.numbers,)

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, V, E] of floating numbers."""
        fits = array.ndim == 3 and np.issubdtype(array.dtype, np.floating)
        return cls(array.shape[2], array.shape[1]) if fits else None

    def example(self, n: int, seed: int) -> Tensor:
        """Even from -1 to 1."""
        return torch.rand(n, *self.shape, generator=generator(seed, "example expressions", n)) * 2 - 1

    def parse(self, text: str) -> Tensor:
        """Numbers with commas between: one expression, which all views have.  [E] or [V, E]"""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != self.numbers or not all(map(math.isfinite, numbers)):
            raise ConfigError(
                f"an expression is {self.numbers} numbers with commas between, such as 0,0.5, not {text!r}."
            )
        return torch.tensor(numbers).expand(self.shape).clone()

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A grey field for each number."""
        return grid(values.reshape(len(values), 1, -1, self.numbers).clamp(-1, 1), columns=columns)

    def __str__(self) -> str:
        return f"expressions of {self.numbers} numbers"
