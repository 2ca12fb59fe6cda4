"""Views: several photographs of one thing, each from a place of its own; `kinds.rig` holds their cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.pictures import grid


@final
@dataclass(frozen=True)
class Views(Kind):
    """[V, C, H, W] float32 in [-1, 1], stored as bytes."""

    word: ClassVar[str] = "sets of views"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    mirrors: ClassVar[bool] = True

    count: int
    channels: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(V, C, H, W)"""
        return self.count, self.channels, self.height, self.width

    @property
    def one(self) -> Image:
        """What one view is."""
        return Image(self.channels, self.height, self.width)

    @property
    def layout(self) -> str:
        """As networks take them."""
        return "[batch, views, channels, height, width] in [-1, 1]: (byte - 127.5) / 127.5"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, V, C, H, W] of bytes, in grey or colour."""
        fits = array.ndim == 5 and array.dtype == np.uint8 and array.shape[2] in (1, 3)
        return cls(*array.shape[1:]) if fits else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, V, C, H, W] in [-1, 1]; all views of a thing are mirrored alike, as their cameras are. Raises ConfigError
        where they should be cut."""
        if change.corner is not None:
            raise ConfigError("views of one thing are not cut at random: leave out --jitter.")
        if change.flip is not None:
            stored = torch.where(change.flip.view(-1, 1, 1, 1, 1), stored.flip(-1), stored)
        return stored.float() / 127.5 - 1

    def example(self, n: int, seed: int) -> Tensor:
        """A square of one colour in the middle, on white."""
        colour = torch.rand(n, 1, self.channels, 1, 1, generator=generator(seed, "example views", n)) * 2 - 1
        views = torch.ones(n, *self.shape)
        high, wide = self.height // 4, self.width // 4
        views[..., high : self.height - high, wide : self.width - wide] = colour
        return views

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A row for each thing."""
        return grid(values.flatten(0, 1), columns=self.count)

    def __str__(self) -> str:
        return f"sets of {self.count} views, {self.one}"
