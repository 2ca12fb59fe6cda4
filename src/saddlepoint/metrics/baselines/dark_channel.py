"""Haze taken away by the dark channel: somewhere near each pixel one channel is nearly black, unless there is haze.

He et al. 2009, doi:10.1109/CVPR.2009.5206515, sections 3 and 4, without the matting of the last step.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter


def dehazed(images: np.ndarray, *, window: int = 15, share: float = 0.95, least: float = 0.1) -> np.ndarray:
    """Hazy images [N, C, H, W] in [0, 1] -> the same shape, in [0, 1].

    window: side of the neighbourhood. share: of the haze that is taken away. least: light that comes through at least.
    """
    result = np.empty_like(images)
    for row, image in enumerate(images):
        dark = minimum_filter(image.min(0), window)
        brightest = np.argsort(dark.ravel())[-max(1, dark.size // 1000) :]
        air = image.reshape(len(image), -1)[:, brightest].max(1)[:, None, None]
        through = 1 - share * minimum_filter((image / air).min(0), window)
        result[row] = (image - air) / np.maximum(through, least) + air
    return result.clip(0, 1)
