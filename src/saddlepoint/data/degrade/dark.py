"""Low light: the light divided, with the noise that a camera then has. The amount is what it is divided by at most."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import by_row
from saddlepoint.errors import ConfigError

USUAL = 10
_CURVE = 2.2


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: 2 or more; each image has its own, from half of it on."""
    if amount < 2:
        raise ConfigError(f"light divided by {amount} is no darker: say dark10:FOLDER, with 2 or more.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        light = image**_CURVE / draw.uniform(amount / 2, amount)
        deviation = np.sqrt(0.0004 * light + 1e-5)  # of light, and of reading
        noisy = light + deviation * draw.standard_normal(image.shape, np.float32)
        return np.asarray(noisy.clip(0, 1) ** (1 / _CURVE))

    return by_row(images, "dark", change)
