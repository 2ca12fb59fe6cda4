"""Pixel by pixel distances of pairs of images: PSNR and mean absolute error. Both favour blur over wrong detail."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles

Pictures = NDArray[np.uint8] | NDArray[np.floating[Any]]
"""[N, C, H, W]; uint8, or floats in [0, peak]"""


def pair(a: Pictures, b: Pictures) -> tuple[Doubles, Doubles]:
    """Both sets in float64. Raises ShapeError as `check_pair` does."""
    check_pair(a, b)
    return a.astype(np.float64), b.astype(np.float64)


def check_pair(a: Pictures, b: Pictures) -> None:
    """Raises ShapeError unless both are [N, C, H, W] of one shape."""
    if a.ndim != 4 or a.shape != b.shape or not len(a):
        raise ShapeError(f"pairs must be [N, C, H, W] of one shape, got {list(a.shape)} and {list(b.shape)}.")


def psnr(a: Pictures, b: Pictures, peak: float = 255.0) -> Doubles:
    """Peak signal-to-noise ratio of each pair in dB: 10 log10(peak² / mean squared error); infinite for equal images.

    a, b: [N, C, H, W] in [0, peak], all channels weighing the same. Returns [N]. Raises ShapeError.
    """
    x, y = pair(a, b)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(peak**2 / ((x - y) ** 2).mean((1, 2, 3))))


def mean_absolute_error(a: Pictures, b: Pictures) -> Doubles:
    """Mean |a - b| of each pair, in the units of the images. a, b: [N, C, H, W]. Returns [N]. Raises ShapeError."""
    x, y = pair(a, b)
    return np.asarray(np.abs(x - y).mean((1, 2, 3)))
