"""From tensors of images to a picture that a person looks at: tiles in rows, in a file or in a notebook."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.pixels import to_uint8

TILE = 64  # a smaller image is enlarged to at least this many pixels, so that a person can see it
GAP = 2
GAP_GREY = 64


def grid(images: Tensor, columns: int | None = None, enlarge: int | None = None) -> Image.Image:
    """Images side by side in rows, with a thin gap.

    images: [N, C, H, W], uint8, or floating in [-1, 1] (values outside are cut to it, those that are not finite are
        black). One channel is grey and three are colour; of any other number `channels_shown` says what is shown.
    columns: tiles in a row; by default as many as rows.
    enlarge: whole factor, nearest pixel; by default the least that makes a tile 64 pixels wide or high.
    Raises ShapeError for anything else.
    """
    if images.ndim != 4 or not images.numel():
        raise ShapeError(f"a grid shows images [N, C, H, W]; this tensor is {list(images.shape)}.")
    count, channels, height, width = images.shape
    factor = enlarge or max(1, math.ceil(TILE / max(height, width)))
    columns = columns or math.ceil(math.sqrt(count))
    tiles = _bytes(images[:, : 3 if channels >= 3 else 1]).repeat(factor, axis=1).repeat(factor, axis=2)
    rows, high, wide = math.ceil(count / columns), height * factor + GAP, width * factor + GAP
    canvas = np.full((rows * high + GAP, columns * wide + GAP, tiles.shape[3]), GAP_GREY, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = GAP + index // columns * high, GAP + index % columns * wide
        canvas[top : top + high - GAP, left : left + wide - GAP] = tile
    return Image.fromarray(canvas.squeeze(2) if tiles.shape[3] == 1 else canvas)


def _bytes(images: Tensor) -> np.ndarray:
    """[N, H, W, C] uint8."""
    whole = to_uint8(images) if images.is_floating_point() else images.cpu()
    return whole.permute(0, 2, 3, 1).numpy()


def channels_shown(channels: int) -> str:
    """The sentence that a picture of `channels` channels needs; empty for grey and colour."""
    if channels in (1, 3):
        return ""
    return f"Of {channels} channels the first {'three are shown as colour' if channels > 3 else 'is shown as grey'}."


class Pictures(Tensor):
    """Images [N, C, H, W] that a notebook shows as a grid; a tensor like any other, and what is made of it is plain."""

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def _repr_png_(self) -> bytes | None:
        if self.ndim != 4 or not self.numel():
            return None
        content = io.BytesIO()
        grid(self[:64]).save(content, "PNG")
        return content.getvalue()
