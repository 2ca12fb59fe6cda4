"""Depth maps: how far from the camera's plane each pixel lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import to_uint8


@final
@dataclass(frozen=True)
class Depth(Kind):
    """[1, H, W] float32 along the camera's axis, in units of the scene; 0 where nothing was hit."""

    word: ClassVar[str] = "depth maps"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    mirrors: ClassVar[bool] = True

    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, H, W)"""
        return 1, self.height, self.width

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """Mirrored with its image; every n-th pixel where sides are averaged down, since depths have no mean."""
        values = stored.float()
        if change.flip is not None:
            values = torch.where(change.flip[:, None, None, None], values.flip(-1), values)
        return values[..., :: change.shrink, :: change.shrink]

    def example(self, n: int, seed: int) -> Tensor:
        """Even over [1, 2]."""
        return torch.rand(n, *self.shape, generator=generator(seed, "example depth", n)) + 1

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Near is bright, nothing is black; the range is that of all maps together."""
        return grid(_grey(values), columns=columns)

    def drawing(self, value: Tensor) -> Pillow.Image:
        """One map pixel by pixel, in its own range."""
        return Pillow.fromarray(to_uint8(_grey(value))[0].cpu().numpy())

    def __str__(self) -> str:
        return f"depth maps of {self.width}x{self.height} pixels"


def _grey(values: Tensor) -> Tensor:
    """In [-1, 1], near bright; nothing is -1."""
    hit = values > 0
    if not bool(hit.any()):
        return torch.full_like(values, -1)
    low, high = values[hit].min(), values[hit].max()
    near = 1 - 1.6 * (values - low) / (high - low).clamp_min(1e-6)
    return torch.where(hit, near, -torch.ones_like(near))
