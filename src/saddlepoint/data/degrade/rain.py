"""Rain: bright streaks of one slant, over the image. The amount is how many of a thousand pixels a drop begins at."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import by_row, filtered
from saddlepoint.errors import ConfigError

USUAL = 20


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: 1 to 500."""
    if not 1 <= amount <= 500:
        raise ConfigError(f"rain of {amount} drops in a thousand pixels is none, or a wall: say rain20:FOLDER.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        side = min(image.shape[1:])
        length = max(3, int(side * draw.uniform(0.15, 0.3))) // 2 * 2 + 1
        slant = draw.uniform(-0.5, 0.5)
        line = np.zeros((length, length))
        rows = np.arange(length)
        line[rows, np.rint(length // 2 + slant * (rows - length // 2)).astype(int).clip(0, length - 1)] = 1
        drops = (draw.random(image.shape[1:]) < amount / 1000 * draw.uniform(0.5, 1)).astype(np.float64)
        streaks = filtered(drops[None], line).clip(0, 1) * draw.uniform(0.3, 0.6)
        return np.asarray(image + streaks * (1 - image))

    return by_row(images, "rain", change)
