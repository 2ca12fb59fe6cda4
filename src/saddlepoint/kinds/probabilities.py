"""Probabilities: how likely each class is."""

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
class Probabilities(Kind):
    """[classes] float32 that sum to 1."""

    word: ClassVar[str] = "probabilities"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int]:
        """(classes,)"""
        return (len(self.names),)

    @property
    def layout(self) -> str:
        """Rows that sum to 1."""
        return f"{super().layout} of each class; rows sum to 1"

    def example(self, n: int, seed: int) -> Tensor:
        """Of random logits."""
        return torch.randn(n, *self.shape, generator=generator(seed, "example probabilities", n)).softmax(1)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The likeliest class of each with its probability, a line each."""
        best = values.max(1)
        return lines([f"{self.names[int(k)]} {float(p):.0%}" for p, k in zip(best.values, best.indices)])

    def __str__(self) -> str:
        return f"probabilities of {len(self.names)} classes"
