"""A camera's noise: of light, which grows with brightness, and of reading, which does not; in linear light.

Foi et al. 2008, doi:10.1109/TIP.2008.2001399: the variance at signal x is a x + b. As CBDNet takes them (Guo et al.
2019, arXiv:1807.04686, section 3.1) each image has levels of its own, even between nothing and the most: of light
`amount` / 100, of reading 3/8 of that. Light is made linear and back by a power of 2.2, which stands in for a camera's
curve.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import by_row

USUAL = 16
_CURVE = 2.2


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: hundredths, the most of the noise of light at white."""

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        light, reading = draw.uniform(0, amount / 100), draw.uniform(0, 0.375 * amount / 100)
        linear = image**_CURVE
        deviation = np.sqrt(light**2 * linear + reading**2)
        noisy = linear + deviation * draw.standard_normal(image.shape, np.float32)
        return np.asarray(noisy.clip(0, 1) ** (1 / _CURVE))

    return by_row(images, "sensor", change)
