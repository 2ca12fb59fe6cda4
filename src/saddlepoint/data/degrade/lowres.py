"""Low resolution: reduced by a whole factor as MATLAB's imresize does it, on which super-resolution is scored.

Bicubic with a = -.5, widened by the factor against aliasing, edges repeated; rows first, and rounded to whole numbers
between the two passes.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.errors import ConfigError

USUAL = 4
_ROWS = 256  # images at once


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> uint8 [N, C, H / amount, W / amount]. Raises ConfigError where that is not whole."""
    height, width = images.shape[2:]
    if amount < 2 or height % amount or width % amount:
        raise ConfigError(
            f"images of {width}x{height} pixels are not reduced {amount} times: use a --resolution that {amount}"
            " divides."
        )
    return np.concatenate([resized(images[at : at + _ROWS], 1 / amount) for at in range(0, len(images), _ROWS)])


def resized(images: np.ndarray, scale: float) -> np.ndarray:
    """uint8 [N, C, H, W] at `scale` times their sides, rounded to whole pixels, as uint8."""
    result = np.asarray(images)
    for axis in (2, 3):
        matrix = weights(result.shape[axis], scale)
        moved = np.moveaxis(result, axis, -1).astype(np.float64) @ matrix.T
        result = np.moveaxis(np.floor(moved + 0.5).clip(0, 255).astype(np.uint8), -1, axis)
    return np.ascontiguousarray(result)


def weights(side: int, scale: float) -> np.ndarray:
    """What each pixel of a resized line takes from each of `side` pixels.  [round(side * scale), side] float64"""
    count = int(np.ceil(side * scale - 1e-9))
    wide = 4 / min(scale, 1)
    centre = (np.arange(count) + 0.5) / scale - 0.5
    first = np.floor(centre - wide / 2).astype(int)
    taps = first[:, None] + np.arange(int(np.ceil(wide)) + 2)
    value = min(scale, 1) * _cubic(min(scale, 1) * (centre[:, None] - taps))
    value /= value.sum(1, keepdims=True)
    matrix = np.zeros((count, side))
    np.add.at(matrix, (np.arange(count)[:, None], taps.clip(0, side - 1)), value)
    return matrix


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys 1981 with a = -.5."""
    near, far = np.abs(x), np.abs(x)
    inside = 1.5 * near**3 - 2.5 * near**2 + 1
    outside = -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2
    return np.where(near <= 1, inside, np.where(far <= 2, outside, 0.0))
