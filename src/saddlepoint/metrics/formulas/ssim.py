"""Structural similarity, at one scale and at five. Wang et al. 2004, IEEE TIP 13(4); Wang et al. 2003, Asilomar.

Window: 11 pixels of a Gaussian of deviation 1.5; only places where it lies wholly inside count; channels are averaged.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.pairwise import Pictures, pair
from saddlepoint.metrics.formulas.statistics import Doubles

_RADIUS = 5
_WINDOW = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # of the scales, finest first


def ssim(a: Pictures, b: Pictures, peak: float = 255.0) -> Doubles:
    """Similarity of each pair, 1 for equal images and at least -1. a, b: [N, C, H, W] in [0, peak]. Returns [N].

    Raises ShapeError for images under 11 pixels a side.
    """
    x, y = pair(a, b)
    _check(x, 1)
    return np.asarray(_similarity(x, y, peak)[0].mean(1))


def ms_ssim(a: Pictures, b: Pictures, peak: float = 255.0) -> Doubles:
    """Similarity over five scales, in [0, 1]. a, b: [N, C, H, W] in [0, peak]. Returns [N].

    Contrast and structure count at each scale, brightness at the coarsest; what is negative counts as 0. Between scales
    images are averaged 2 by 2, with a border of zeros where a side is odd, as the well-known programs do.
    Raises ShapeError for images of 160 pixels a side or less, where the coarsest scale has no place for the window.
    """
    x, y = pair(a, b)
    _check(x, len(_WEIGHTS))
    product = np.ones(x.shape[:2])
    for weight in _WEIGHTS[:-1]:
        product *= _similarity(x, y, peak)[1].clip(min=0) ** weight
        x, y = _halved(x), _halved(y)
    product *= _similarity(x, y, peak)[0].clip(min=0) ** _WEIGHTS[-1]
    return np.asarray(product.mean(1))


def _similarity(x: Doubles, y: Doubles, peak: float) -> tuple[Doubles, Doubles]:
    """Whole similarity, and contrast with structure alone, of each channel.  [N, C] each"""
    brightness, contrast = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y = _smooth(x), _smooth(y)
    both = mean_x * mean_y
    square_x, square_y = mean_x**2, mean_y**2
    covariance = _smooth(x * y) - both
    variance = _smooth(x * x) - square_x + _smooth(y * y) - square_y
    structure = (2 * covariance + contrast) / (variance + contrast)
    whole = structure * (2 * both + brightness) / (square_x + square_y + brightness)
    return whole.mean((2, 3)), structure.mean((2, 3))


def _smooth(x: Doubles) -> Doubles:
    for axis in (2, 3):
        x = correlate1d(x, _WINDOW, axis)
    return x[:, :, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _halved(x: Doubles) -> Doubles:
    rows, columns = x.shape[2] % 2, x.shape[3] % 2
    x = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    x = x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
    return np.asarray((x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4)


def _check(x: Doubles, scales: int) -> None:
    least = 11 if scales == 1 else (2 * _RADIUS) * 2 ** (scales - 1) + 1
    if min(x.shape[2:]) < least:
        raise ShapeError(
            f"the window of 11 pixels at {scales} scale(s) needs images of {least} pixels a side or more, "
            f"got {x.shape[3]}x{x.shape[2]}."
        )
