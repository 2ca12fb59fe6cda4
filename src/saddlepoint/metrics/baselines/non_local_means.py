"""Non-local means: each pixel becomes the mean of pixels near it whose surroundings look alike. Buades et al. 2005,
doi:10.1109/CVPR.2005.38, with the noise's own distance taken off, as Darbon et al. 2008, doi:10.1109/ISBI.2008.4541250.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter


def non_local_means(
    image: np.ndarray, deviation: float, *, patch: int = 5, reach: int = 6, strength: float = 0.8
) -> np.ndarray:
    """An image [C, H, W] with noise of a known deviation -> the same shape, denoised, float64.

    patch: side of the surroundings that are compared. reach: how far alike pixels are looked for. strength: how unlike
    they may be, in deviations.
    """
    height, width = image.shape[1:]
    margin = reach + patch // 2
    padded = np.pad(np.asarray(image, np.float64), ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
    total, weights = np.zeros_like(padded), np.zeros_like(padded[0])
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            other = np.roll(padded, (down, across), (1, 2))
            far = uniform_filter(((padded - other) ** 2).mean(0), patch)
            weight = np.exp(-np.maximum(far - 2 * deviation**2, 0) / (strength * deviation) ** 2)
            total += weight * other
            weights += weight
    result: np.ndarray = total / weights
    return result[:, margin : margin + height, margin : margin + width]
