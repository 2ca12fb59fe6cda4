"""Points: a few numbers without any order in space, as in the toy worlds."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.scatter import scatter


@final
@dataclass(frozen=True)
class Points(Kind):
    """[D] float32, as it is stored."""

    word: ClassVar[str] = "points"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".npy", ".npz")

    numbers: int

    @property
    def shape(self) -> tuple[int]:
        """(D,)"""
        return (self.numbers,)

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, D] of floating numbers."""
        return cls(array.shape[1]) if array.ndim == 2 and np.issubdtype(array.dtype, np.floating) else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, D] float32"""
        return stored.float()

    def example(self, n: int, seed: int) -> Tensor:
        """N(0, 1)"""
        return torch.randn(n, self.numbers, generator=generator(seed, "example points", n))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The first two numbers as a place each; a single number along a line."""
        flat = values[:, :2].float().cpu()
        return scatter(flat if flat.shape[1] == 2 else torch.cat((flat, torch.zeros_like(flat)), 1))

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A row of numbers under comment lines with the facts, or numpy's own forms."""
        if path.suffix != ".csv":
            return super().write(value, path, facts)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"# {name}: {' '.join(text.split())}\n" for name, text in facts.items())
            csv.writer(file).writerow(value.tolist())
        return None

    def __str__(self) -> str:
        return f"points of {self.numbers} number{'s' * (self.numbers != 1)}"
