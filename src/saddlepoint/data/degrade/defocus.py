"""A lens out of focus: each pixel spreads over a disc."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import by_row, filtered
from saddlepoint.errors import ConfigError

USUAL = 2
_FINER = 9  # samples a pixel and axis


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: the disc's radius in pixels, 1 or more."""
    if not 1 <= amount <= min(images.shape[2:]) // 2:
        raise ConfigError(f"a disc of radius {amount} does not fit into the images: say defocus2:FOLDER.")
    disc = kernel(amount)
    return by_row(images, "defocus", lambda image, draw: filtered(image, disc))


def kernel(radius: float) -> np.ndarray:
    """How much of each pixel the disc covers, [K, K]; the sum is 1."""
    reach = int(np.ceil(radius))
    line = (np.arange((2 * reach + 1) * _FINER) + 0.5) / _FINER - reach - 0.5
    inside = np.hypot(line[:, None], line) <= radius
    side = 2 * reach + 1
    covered = inside.reshape(side, _FINER, side, _FINER).mean((1, 3))
    return np.asarray(covered / covered.sum())
