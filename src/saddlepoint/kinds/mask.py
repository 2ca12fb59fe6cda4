"""Masks: where something is (1) and where not (0), aligned with an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.image import in_proportion
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import averaged, window


@final
@dataclass(frozen=True)
class Mask(Kind):
    """[1, H, W] float32, 0 or 1; stored as bool or as uint8 of 0 and 1 (or 0 and 255)."""

    word: ClassVar[str] = "masks"
    endings: ClassVar[tuple[str, ...]] = (".png", ".npy", ".npz")
    mirrors: ClassVar[bool] = True

    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, H, W)"""
        return 1, self.height, self.width

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, 1, H, W] of bool, or of uint8 with no values but 0 and 1, or 0 and 255."""
        if array.ndim != 4 or array.shape[1] != 1:
            return None
        if array.dtype != np.bool_ and not (array.dtype == np.uint8 and _two_values(array)):
            return None
        return cls(*array.shape[2:])

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """0 and 1 whatever the change: what is averaged or enlarged is cut at a half."""
        values = (stored > 0).float()
        if change.flip is not None:
            values = torch.where(change.flip[:, None, None, None], values.flip(-1), values)
        values = averaged(values, change.shrink)
        if change.corner is not None:
            values = window(values, *in_proportion(change, self.height))
        return (values >= 0.5).float()

    def example(self, n: int, seed: int) -> Tensor:
        """Each pixel by a coin."""
        return (torch.rand(n, *self.shape, generator=generator(seed, "example mask", n)) < 0.5).float()

    def parse(self, text: str) -> Tensor:
        """A half of the image, by its name (upper, lower, left, right), or the path of a picture of this very size: 1
        where it is lighter than half or, if it has transparent pixels, where it is opaque.  [1, H, W]"""
        mask = torch.zeros(self.shape)
        rows, columns = self.height // 2, self.width // 2
        halves = {"upper": mask[:, :rows], "lower": mask[:, rows:]}
        halves |= {"left": mask[..., :columns], "right": mask[..., columns:]}
        if text in halves:
            halves[text].fill_(1)
            return mask
        try:
            with Pillow.open(text) as opened:
                if opened.size != (self.width, self.height):
                    size = f"{opened.width}x{opened.height}"
                    raise ConfigError(f"{text} is {size} pixels; give a mask of {self.width}x{self.height}.")
                shown = opened.convert("RGBA").getchannel("A") if opened.has_transparency_data else opened.convert("L")
                return torch.from_numpy(np.array(shown) > 127).float()[None]
        except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
            raise ConfigError(
                f"{text} is no mask: give upper, lower, left or right, or the path of a black and white picture."
            ) from error

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """White where the mask is 1."""
        return grid(values * 2 - 1, columns=columns)

    def raster(self, value: Tensor) -> Pillow.Image | None:
        """Black and white."""
        return Pillow.fromarray((value[0] >= 0.5).to(torch.uint8).mul(255).cpu().numpy())

    def __str__(self) -> str:
        return f"masks of {self.width}x{self.height} pixels"


def _two_values(array: np.ndarray) -> bool:
    highest = int(array.max(initial=0))
    return highest in (0, 1, 255) and bool(np.isin(array, (0, highest)).all())
