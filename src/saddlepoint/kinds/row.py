"""Rows: which of the training examples an example is, for methods that learn something of each, such as a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.text import lines


@final
@dataclass(frozen=True)
class Row(Kind):
    """An int64 from 0 to less than the number of training examples; -1 for an example that is not trained on."""

    word: ClassVar[str] = "rows"
    condition: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        """()"""
        return ()

    def example(self, n: int, seed: int) -> Tensor:
        """0, 1, 2 and on, from a number of the seed's."""
        return torch.arange(n) + seed % 7

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A line for each."""
        return lines([f"{int(value)}" for value in values.tolist()])

    def __str__(self) -> str:
        return "rows of the training examples"
