"""Moments: when a view was taken, as a share of the time that a scene is seen for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.text import lines


@final
@dataclass(frozen=True)
class Moment(Kind):
    """A float32 from 0, the first moment, to 1, the last."""

    word: ClassVar[str] = "moments"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    condition: ClassVar[bool] = True
    in_words: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        """()"""
        return ()

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N] of floating numbers from 0 to 1."""
        within = (
            array.ndim == 1 and np.issubdtype(array.dtype, np.floating) and bool(((array >= 0) & (array <= 1)).all())
        )
        return cls() if within else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N] float32"""
        return stored.float()

    def example(self, n: int, seed: int) -> Tensor:
        """Evenly from the first moment to the last."""
        return torch.linspace(0, 1, n) if n > 1 else torch.zeros(n)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A line for each."""
        return lines([f"{value:.3f}" for value in values.tolist()])

    def checked(self, values: Tensor) -> Tensor:
        """Raises ConfigError for a number that is not from 0 to 1."""
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise ConfigError("a moment is a number from 0, the first, to 1, the last.")
        return values.float()

    def parse(self, text: str) -> Tensor:
        """A number from 0 to 1.  []"""
        try:
            return self.checked(torch.tensor(float(text)))
        except ValueError as error:
            raise ConfigError(f"{text!r} is no moment: give a number from 0, the first, to 1, the last.") from error

    def __str__(self) -> str:
        return "moments"
