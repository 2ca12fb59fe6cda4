"""Images: any number of channels, height by width, 8 or 16 bits a channel or linear light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import averaged, pixels, to_uint8, window

_DTYPES = {np.dtype(np.uint8): 8, np.dtype(np.uint16): 16, np.dtype(np.float32): 32}
_SHADES = {1: "grey", 3: "colour"}
_DEPTHS = {8: "", 16: ", 16 bits", 32: ", linear light"}


@final
@dataclass(frozen=True)
class Image(Kind):
    """[C, H, W] float32 in [-1, 1], stored as whole numbers of 8 or 16 bits; with 32 bits linear light as it is."""

    word: ClassVar[str] = "images"
    endings: ClassVar[tuple[str, ...]] = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".npy", ".npz")
    mirrors: ClassVar[bool] = True

    channels: int
    height: int
    width: int
    bits: int = 8

    def __post_init__(self) -> None:
        """Raises ConfigError for a depth that no image has."""
        if self.bits not in _DEPTHS:
            raise ConfigError(f"images have {', '.join(map(str, _DEPTHS))} bits a channel, not {self.bits!r}.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)"""
        return self.channels, self.height, self.width

    @property
    def side(self) -> int:
        """Side of a square image in pixels. Raises ConfigError for a rectangle."""
        if self.height != self.width:
            raise ConfigError(
                f"this method makes square images; the data is {self.width}x{self.height}. Use --resolution"
                f" {max(8, 1 << (min(self.height, self.width).bit_length() - 1))}."
            )
        return self.height

    @property
    def layout(self) -> str:
        """As networks take them."""
        return "[batch, channels, height, width] in [-1, 1]: (byte - 127.5) / 127.5"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, C, H, W] of 8 or 16 bits, or float32."""
        if array.ndim != 4 or array.dtype not in _DTYPES:
            return None
        channels, height, width = array.shape[1:]
        return cls(channels, height, width, _DTYPES[array.dtype])

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, C, H, W] in [-1, 1] (linear light as it is), mirrored, averaged down and cut as `change` says."""
        if stored.dtype is torch.uint16:
            stored = stored.to(torch.int32)  # torch does little with 16 bits without a sign
        if change.flip is not None:
            stored = torch.where(change.flip[:, None, None, None], stored.flip(-1), stored)
        if stored.dtype is torch.uint8:
            values = pixels(stored)
        elif stored.dtype is torch.int32:
            values = stored.to(torch.float32, memory_format=torch.channels_last).div_(32767.5).sub_(1.0)
        else:
            values = stored.to(torch.float32, memory_format=torch.channels_last)
        values = averaged(values, change.shrink)
        return values if change.corner is None else window(values, *in_proportion(change, self.height))

    def example(self, n: int, seed: int) -> Tensor:
        """Even noise, each image a function of the seed and its row."""
        return torch.rand(n, *self.shape, generator=generator(seed, "example image")) * 2 - 1

    def parse(self, text: str) -> Tensor:
        """The path of a picture of this very size, of 8 bits in grey or colour.  [C, H, W]"""
        if self.channels not in _SHADES or self.bits != 8:
            raise ConfigError(f"{self} cannot be read from a picture file: give a tensor from Python.")
        try:
            with Pillow.open(text) as opened:
                if opened.size != (self.width, self.height):
                    size = f"{opened.width}x{opened.height}"
                    raise ConfigError(f"{text} is {size} pixels; give a picture of {self.width}x{self.height}.")
                array = np.array(opened.convert("L" if self.channels == 1 else "RGB"))
        except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
            raise ConfigError(f"{text} cannot be read as a picture: give the path of a PNG or JPEG.") from error
        return pixels(torch.from_numpy(array).view(1, self.height, self.width, self.channels).permute(0, 3, 1, 2))[0]

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Tiles side by side; of other than one or three channels the first three or the first one."""
        return grid(values, columns=columns)

    def raster(self, value: Tensor) -> Pillow.Image | None:
        """[C, H, W] in [-1, 1] as 8-bit grey or colour; None where that would lose bits or channels."""
        if self.channels not in _SHADES or self.bits != 8:
            return None
        whole = to_uint8(value[None])[0].permute(1, 2, 0).numpy()
        return Pillow.fromarray(whole[..., 0] if self.channels == 1 else whole)

    def __str__(self) -> str:
        shade = _SHADES.get(self.channels, f"{self.channels}-channel")
        depth = _DEPTHS[self.bits]
        return f"{shade} images of {self.width}x{self.height} pixels{depth}"


def in_proportion(change: Change, height: int) -> tuple[int, list[list[int]]]:
    """Jitter and window corners in pixels of a field that is `height` pixels high.

    Raises ConfigError where `height` is no whole multiple of the height that the change is counted in.
    """
    assert change.corner is not None
    times, rest = divmod(height, change.height)
    if rest:
        raise ConfigError(
            f"--jitter moves both images of a pair in proportion, but {height} is no whole multiple of {change.height}"
            " pixels: leave out --jitter, or use images whose sides are multiples of one another."
        )
    return change.jitter * times, (change.corner * times).tolist()
