"""Bringing a picture to a square: cut, pad or stretch; Lanczos to reduce, bicubic to enlarge (both anti-aliased)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from saddlepoint.data.sources.remarks import Remark

Fit = Literal["crop", "pad", "stretch"]


def natural_side(width: int, height: int, fit: Fit) -> int:
    """The side of the square that an image of this size becomes when none is asked for."""
    return min(width, height) if fit == "crop" else max(width, height)


def cameras_fitted(cameras: np.ndarray, side: int, fit: Fit) -> np.ndarray:
    """Cameras [N, 22] of `kinds.camera` after `square` has brought their images to `side` pixels by `fit`."""
    moved = cameras.astype(np.float64)
    focal, centre, size = moved[:, 16:18], moved[:, 18:20], moved[:, 20:22]
    if fit == "stretch":
        scale, shift = side / size, np.zeros_like(size)
    elif fit == "crop":
        short = size.min(1, keepdims=True)
        scale, shift = side / short, -((size - short) // 2)
    else:
        scale = side / size.max(1, keepdims=True)
        shift = ((side - np.maximum(np.rint(size * scale), 1)) // 2) / scale
    moved[:, 16:18], moved[:, 18:20], moved[:, 20:22] = focal * scale, (centre + shift) * scale, side
    return moved.astype(np.float32)


def square(image: Image.Image, side: int, fit: Fit) -> tuple[Image.Image, set[Remark]]:
    """`image` (mode "L" or "RGB") as a square of `side` pixels, and what was done to it."""
    width, height = image.size
    remarks: set[Remark] = set()
    box, inner = (0, 0, width, height), (side, side)
    if width != height and fit == "crop":
        remarks.add(Remark.CUT)
        short = min(width, height)
        left, top = (width - short) // 2, (height - short) // 2
        box = (left, top, left + short, top + short)
    elif width != height and fit == "pad":
        remarks.add(Remark.PADDED)
        scale = side / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    elif width != height:
        remarks.add(Remark.STRETCHED)
    image = _resized(image, box, inner, remarks)
    return (_padded(image, side) if image.size != (side, side) else image), remarks


def _resized(
    image: Image.Image, box: tuple[int, int, int, int], size: tuple[int, int], remarks: set[Remark]
) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    if (width, height) == size:
        return image.crop(box)
    smaller = size[0] < width or size[1] < height
    remarks.add(Remark.REDUCED if smaller else Remark.ENLARGED)
    return image.resize(size, Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC, box=box)


def _padded(image: Image.Image, side: int) -> Image.Image:
    pixels = np.asarray(image)
    spare = (side - image.height, side - image.width)
    widths = [(extra // 2, extra - extra // 2) for extra in spare] + [(0, 0)] * (pixels.ndim - 2)
    return Image.fromarray(np.pad(pixels, widths, mode="edge"))
