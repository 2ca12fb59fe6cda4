"""White noise: a normal number of one deviation, in levels of 0 to 255, added to each value, then rounded and cut."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import by_row

USUAL = 25


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: the deviation."""
    return by_row(
        images, "noise", lambda image, draw: image + amount / 255 * draw.standard_normal(image.shape, np.float32)
    )
