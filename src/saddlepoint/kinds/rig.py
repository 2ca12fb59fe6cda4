"""Rigs: the cameras of several views of one thing, in the order of the views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.kinds.camera import NUMBERS, Camera
from saddlepoint.kinds.kind import Change, Kind


@final
@dataclass(frozen=True)
class Rig(Kind):
    """[V, 22] float32: see `kinds.camera`."""

    word: ClassVar[str] = "sets of cameras"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    mirrors: ClassVar[bool] = True
    condition: ClassVar[bool] = True

    count: int

    @property
    def shape(self) -> tuple[int, int]:
        """(V, 22)"""
        return self.count, NUMBERS

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, V, 22] of floating numbers."""
        return cls(array.shape[1]) if array.ndim == 3 and array.shape[2] == NUMBERS else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """The cameras of mirrored or averaged views."""
        flip = None if change.flip is None else change.flip.repeat_interleave(self.count)
        each = Change(flip, shrink=change.shrink)
        cameras: Tensor = Camera().shown(stored.flatten(0, 1), each).unflatten(0, (-1, self.count))
        return cameras

    def example(self, n: int, seed: int) -> Tensor:
        """Cameras around the origin that look at it."""
        return torch.stack([Camera().example(self.count, seed + number) for number in range(n)])

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Where all of them stand, from above."""
        return Camera().picture(values.flatten(0, 1))

    def __str__(self) -> str:
        return f"sets of {self.count} cameras"
