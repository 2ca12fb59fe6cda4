"""Three exposures of one scene, a quarter, the whole and four times the light, and the linear light that they are of.

What is given are nine channels: the short, the middle and the long exposure, each with a power of 1 / 2.2, noise of a
camera, and cut off where it is too bright. Between the exposures the scene moves by up to `amount` pixels, which the
middle one does not. What is to be learnt is the light itself, float32 in [0, 1], of which the middle exposure shows
the darker quarter: an image is taken for it by a power of 2.2. Kalantari & Ramamoorthi 2017,
doi:10.1145/3072959.3073609, align theirs first; here nothing is aligned.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade import check_colour
from saddlepoint.data.degrade._rows import by_row
from saddlepoint.errors import ConfigError

USUAL = 1
TIMES = (1.0, 4.0, 16.0)
"""by which the light, of 1 at most, is multiplied before it is cut off at 1: short, middle, long"""
CURVE = 2.2


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, 3, H, W] -> uint8 [N, 9, H, W]. amount: pixels that the scene moves at most; at least 1."""
    check_colour(images, "exposures:FOLDER")
    if not 1 <= amount < min(images.shape[2:]) // 2:
        raise ConfigError(f"a scene that moves by {amount} pixels leaves the image: say exposures1:FOLDER.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        height, width = image.shape[1:]
        still = np.pad(image**CURVE, ((0, 0), (amount, amount), (amount, amount)), mode="edge")
        shots = []
        for number, time in enumerate(TIMES):
            down, across = (0, 0) if number == 1 else draw.integers(-amount, amount + 1, 2)
            moved = still[:, amount + down : amount + down + height, amount + across : amount + across + width]
            light = (time * moved).clip(0, 1)
            noise = np.sqrt(0.0004 * light + 1e-5) * draw.standard_normal(image.shape, np.float32)
            shots.append(light + noise)
        return np.asarray(np.concatenate(shots).clip(0, 1) ** (1 / CURVE))

    return by_row(images, "exposures", change)


def aim(images: np.ndarray) -> np.ndarray:
    """uint8 [N, C, H, W] -> the light that they are taken for, float32 in [0, 1]."""
    return np.asarray((images.astype(np.float32) / 255) ** np.float32(CURVE))
