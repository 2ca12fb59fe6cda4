"""Haze: each pixel is mixed with the colour of the air, the more the further away it is.

I = J t + A (1 - t), t = exp(-beta d) (Koschmieder; He et al. 2009, doi:10.1109/CVPR.2009.5206515, eq. 1). The depth d
is not known of a photograph: a smooth random surface that rises towards the top stands in for it, of another one each
image.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import SEED, by_row
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 12


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: tenths of beta, how thick the haze is where it is furthest."""
    if amount < 1:
        raise ConfigError("haze of no thickness changes nothing: say haze12:FOLDER, with 1 or more.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        through, air = _weather(draw, image.shape, amount)
        return np.asarray(image * through + air * (1 - through))

    return by_row(images, "haze", change)


def weather(row: int, shape: tuple[int, ...], amount: int) -> tuple[np.ndarray, np.ndarray]:
    """How much light comes through to image number `row` of [C, H, W], and the colour of the air: [H, W], [C, 1, 1]."""
    return _weather(numpy_generator(SEED, "haze", row), shape, amount)


def _weather(draw: np.random.Generator, shape: tuple[int, ...], amount: int) -> tuple[np.ndarray, np.ndarray]:
    channels, height, width = shape
    down, across = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    turn, waves, start = draw.uniform(-0.4, 0.4), draw.uniform(0.5, 1.5, 2), draw.uniform(0, 2 * np.pi)
    depth = (
        0.75
        - 0.45 * down
        + turn * (across - 0.5)
        + 0.2 * np.sin(2 * np.pi * (waves[0] * across + waves[1] * down) + start)
    )
    air = np.broadcast_to(draw.uniform(0.75, 1.0) + draw.uniform(-0.03, 0.03, (3, 1, 1)), (3, 1, 1))[:channels]
    return np.exp(-amount / 10 * depth.clip(0.05, 1)), air.clip(0, 1)
