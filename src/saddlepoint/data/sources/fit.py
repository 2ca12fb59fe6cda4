"""Bringing a picture to a size: cut, pad or stretch; Lanczos to reduce, bicubic to enlarge (both anti-aliased)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image

from saddlepoint.data.sources.remarks import Remark

Fit = Literal["crop", "pad", "stretch"]


def natural_side(width: int, height: int, fit: Fit) -> int:
    """The side of the square that an image of this size becomes when none is asked for."""
    return min(width, height) if fit == "crop" else max(width, height)


def cameras_fitted(cameras: np.ndarray, size: Sequence[int], fit: Fit) -> np.ndarray:
    """Cameras [N, 22] of `kinds.camera` after `fitted_to` has brought their images to `size` (width, height)."""
    moved = cameras.astype(np.float64)
    focal, centre, own = moved[:, 16:18], moved[:, 18:20], moved[:, 20:22]
    target = np.array(size[:2], np.float64)
    each = target / own
    scale, shift = each, np.zeros_like(own)
    if fit == "crop":
        scale = each.max(1, keepdims=True)
        shift = -((own - np.rint(target / scale)) // 2)
    elif fit == "pad":
        scale = each.min(1, keepdims=True)
        shift = ((target - np.maximum(np.rint(own * scale), 1)) // 2) / scale
    moved[:, 16:18], moved[:, 18:20], moved[:, 20:22] = focal * scale, (centre + shift) * scale, target
    return moved.astype(np.float32)


def square(image: Image.Image, side: int, fit: Fit) -> tuple[Image.Image, set[Remark]]:
    """`image` (mode "L" or "RGB") as a square of `side` pixels, and what was done to it."""
    return fitted_to(image, (side, side), fit)


def fitted_to(image: Image.Image, size: tuple[int, int], fit: Fit) -> tuple[Image.Image, set[Remark]]:
    """`image` (mode "L" or "RGB") in another size, (width, height) in pixels, and what was done to it."""
    (width, height), (wide, high) = image.size, size
    remarks: set[Remark] = set()
    box, inner = (0, 0, width, height), size
    same = width * high == height * wide
    if not same and fit == "crop":
        remarks.add(Remark.CUT)
        across, down = min(width, max(1, round(height * wide / high))), min(height, max(1, round(width * high / wide)))
        left, top = (width - across) // 2, (height - down) // 2
        box = (left, top, left + across, top + down)
    elif not same and fit == "pad":
        remarks.add(Remark.PADDED)
        scale = min(wide / width, high / height)
        inner = (min(wide, max(1, round(width * scale))), min(high, max(1, round(height * scale))))
    elif not same:
        remarks.add(Remark.STRETCHED)
    image = _resized(image, box, inner, remarks)
    return (_padded(image, size) if image.size != size else image), remarks


def _resized(
    image: Image.Image, box: tuple[int, int, int, int], size: tuple[int, int], remarks: set[Remark]
) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    if (width, height) == size:
        return image.crop(box)
    smaller = size[0] < width or size[1] < height
    remarks.add(Remark.REDUCED if smaller else Remark.ENLARGED)
    return image.resize(size, Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC, box=box)


def _padded(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    pixels = np.asarray(image)
    spare = (size[1] - image.height, size[0] - image.width)
    widths = [(extra // 2, extra - extra // 2) for extra in spare] + [(0, 0)] * (pixels.ndim - 2)
    return Image.fromarray(np.pad(pixels, widths, mode="edge"))
