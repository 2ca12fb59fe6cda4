"""Random numbers of a degradation: those of a row depend on its number and on the degradation alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saddlepoint.keyed import numpy_generator

SEED = 0
"""of all degradations: a word names one set of pairs, whatever the seed of the run"""


def by_row(
    images: np.ndarray, name: str, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]
) -> np.ndarray:
    """`change` of each image [C, H, W] in [0, 1] and its own random numbers, rounded.  uint8 [N, c, h, w]"""
    rows = [
        to_bytes(change(image.astype(np.float64) / 255, numpy_generator(SEED, name, row)))
        for row, image in enumerate(images)
    ]
    return np.stack(rows)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """[0, 1] -> whole levels of 0 to 255, what lies outside cut off.  uint8"""
    levels: np.ndarray = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return levels


def filtered(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """[C, H, W] -> the same shape, correlated with an odd kernel [K, K]; edges are mirrored."""
    reach = kernel.shape[0] // 2
    height, width = image.shape[1:]
    padded = np.pad(image, ((0, 0), (reach, reach), (reach, reach)), mode="symmetric")
    if kernel.size < 30:  # a sum of shifted images is quicker than two transforms
        parts = (
            kernel[row, column] * padded[:, row : row + height, column : column + width]
            for row, column in zip(*np.nonzero(kernel))
        )
        return np.asarray(sum(parts))
    size = padded.shape[1:]
    spectrum = np.fft.rfft2(padded) * np.fft.rfft2(kernel[::-1, ::-1], size)
    whole = np.fft.irfft2(spectrum, size)
    return np.asarray(whole[:, 2 * reach :, 2 * reach :])
