"""Figures: one number of each example with its unit, such as a log-likelihood in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.text import lines


@final
@dataclass(frozen=True)
class Figure(Kind):
    """A float32."""

    word: ClassVar[str] = "figures"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    unit: str

    @property
    def shape(self) -> tuple[int, ...]:
        """()"""
        return ()

    def example(self, n: int, seed: int) -> Tensor:
        """N(0, 1)"""
        return torch.randn(n, generator=generator(seed, "example figures", n))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A line for each."""
        return lines([f"{value:.4g} {self.unit}" for value in values.tolist()])

    def __str__(self) -> str:
        return f"figures in {self.unit}"
