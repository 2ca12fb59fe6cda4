"""Whitened patches of pictures, as sparse coding learns from: frequencies evened out, windows cut at random.

Olshausen & Field 1997, doi:10.1016/S0042-6989(97)00169-7: the amplitudes of natural images fall with 1 / frequency, so
the filter is frequency * exp(-(frequency / cut)^4), with the cut at 200 cycles of a picture of 512 pixels.
"""

from __future__ import annotations

import numpy as np

CUT = 200 / 512
"""cycles a pixel above which the filter lets less and less through"""
BORDER = 4
"""pixels along the edge of a picture that no patch holds, since the filter wraps around there"""


def whitened(picture: np.ndarray) -> np.ndarray:
    """Grey [H, W] -> the same size, mean 0 and variance 1, float32. A picture of one shade becomes zeros."""
    height, width = picture.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    passed = frequency * np.exp(-((frequency / CUT) ** 4))
    flat = np.fft.irfft2(np.fft.rfft2(picture.astype(np.float64)) * passed, s=picture.shape)
    spread = flat.std()
    return np.asarray((flat / spread if spread > 1e-9 else 0 * flat).astype(np.float32))


def patches(picture: np.ndarray, side: int, count: int, draw: np.random.Generator) -> np.ndarray:
    """`count` windows of [side, side] from anywhere in a picture [H, W] but its border: [count, 1, side, side].

    The picture is at least `side` and twice the border high and wide.
    """
    rows, columns = (draw.integers(BORDER, length - BORDER - side, count, endpoint=True) for length in picture.shape)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    return np.ascontiguousarray(windows[rows, columns][:, None])
