"""Latents: the numbers that a model makes an example from, or describes one by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pictures import grid


@final
@dataclass(frozen=True)
class Latent(Kind):
    """[...] float32, of any shape."""

    word: ClassVar[str] = "latents"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    size: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """As `size` says."""
        return self.size

    @property
    def layout(self) -> str:
        """Numbers from a prior."""
        return f"{super().layout}: numbers from the prior, which the method draws"

    def example(self, n: int, seed: int) -> Tensor:
        """N(0, 1)"""
        return torch.randn(n, *self.size, generator=generator(seed, "example latents", n))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A row of grey cells for each, black at -2 and white at 2."""
        return grid((values.float().flatten(1)[:, None, None, :] / 2).clamp(-1, 1), columns=columns or 1)

    def __str__(self) -> str:
        return f"latents of {'x'.join(map(str, self.size))} numbers"
