"""Labels: one class of several for each example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.text import lines
from saddlepoint.text import printable

_LISTED = 20  # names that a sentence holds


@final
@dataclass(frozen=True)
class Label(Kind):
    """One int64 in [0, number of names)."""

    word: ClassVar[str] = "labels"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    condition: ClassVar[bool] = True
    in_words: ClassVar[bool] = True

    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """()"""
        return ()

    @property
    def layout(self) -> str:
        """Whole numbers, and what they are called where that says more."""
        span = f"[batch], whole numbers from 0 to {len(self.names) - 1}"
        if self.names == tuple(map(str, range(len(self.names)))):
            return span
        listing = ", ".join(f"{number} {printable(name)}" for number, name in enumerate(self.names[:_LISTED]))
        return f"{span}: {listing}{', ...' if len(self.names) > _LISTED else ''}"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N] of whole numbers, each its own name."""
        if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
            return None
        return cls(tuple(map(str, range(int(array.max(initial=-1)) + 1))))

    def shown(self, stored: Tensor, change: object) -> Tensor:
        """[N] int64"""
        return stored.long()

    def example(self, n: int, seed: int) -> Tensor:
        """The classes in turn, from number `seed` on."""
        return (torch.arange(n) + seed) % max(len(self.names), 1)

    def checked(self, values: Tensor) -> Tensor:
        """Whole numbers of classes.  int64"""
        if values.dtype.is_floating_point or values.dtype.is_complex:
            raise ConfigError(f"labels are whole numbers; these are {values.dtype}.")
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < len(self.names):
            raise ConfigError(
                f"labels are from 0 to {len(self.names) - 1}; these go from {values.min()} to {values.max()}."
            )
        return values.long()

    def parse(self, text: str) -> Tensor:
        """A class by its name, else by its number in digits.  []"""
        if text in self.names:
            return torch.tensor(self.names.index(text))
        if not (text.isascii() and text.isdigit()):
            raise ConfigError(f"no class is called {text!r}{nearest(text, self.names)}")
        if len(text) > 9 or int(text) >= len(self.names):
            raise ConfigError(f"there is no label {text}; the classes are 0 to {len(self.names) - 1}.")
        return torch.tensor(int(text))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The names, a line each."""
        return lines([self.names[int(value)] for value in values])

    def __str__(self) -> str:
        return f"labels of {len(self.names)} classes"
