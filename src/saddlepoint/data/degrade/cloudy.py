"""Clouds over a scene, with what a radar sees through them: five channels of one that has three.

The first three are what a camera sees, with white where clouds are, thicker in their middles. The last two stand in for
the two polarisations of a radar: edges and brightness, and how far red is from blue, each pixel times a speckle of four
looks (gamma noise), as radar has it. The amount is how many hundredths of the area are under clouds.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade import check_colour
from saddlepoint.data.degrade._rows import SEED, by_row
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 40
_LOOKS = 4
_OCTAVES = 4
_SOFT = 0.5
"""how thick clouds become, in deviations of the field above the level at which they begin"""


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, 3, H, W] -> uint8 [N, 5, H, W]. amount: 1 to 99."""
    check_colour(images, "cloudy40:FOLDER")
    if not 1 <= amount <= 99:
        raise ConfigError(f"clouds over {amount} hundredths of a scene hide nothing, or all: say cloudy40:FOLDER.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        thick, white = _sky(draw, image.shape[1:], amount)
        return np.concatenate([image * (1 - thick) + white * thick, _radar(image, draw)])

    return by_row(images, "clouds", change)


def sky(row: int, size: tuple[int, int], amount: int) -> tuple[np.ndarray, float]:
    """How thick the clouds over image number `row` are, [H, W] in [0, 1], and how white."""
    return _sky(numpy_generator(SEED, "clouds", row), size, amount)


def _sky(draw: np.random.Generator, size: tuple[int, ...], amount: int) -> tuple[np.ndarray, float]:
    down, across = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]), indexing="ij")
    field = np.zeros(size)
    for octave in range(_OCTAVES):
        turn, start = draw.uniform(0, 2 * np.pi, 3), draw.uniform(0, 2 * np.pi, 3)
        waves = 2 * np.pi * 2**octave * (np.cos(turn)[:, None, None] * down + np.sin(turn)[:, None, None] * across)
        field += np.sin(waves + start[:, None, None]).sum(0) / 1.5**octave
    level = np.quantile(field, 1 - amount / 100)
    return ((field - level) / (_SOFT * field.std())).clip(0, 1), float(draw.uniform(0.9, 1))


def _radar(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Two channels, [2, H, W] about in [0, 1]."""
    light = image.mean(0)
    edges = np.hypot(*np.gradient(light))
    echo = np.stack([0.1 + 0.5 * light**2 + edges, 0.1 + 0.5 * np.abs(image[0] - image[2]) + edges])
    return np.asarray(echo * draw.gamma(_LOOKS, 1 / _LOOKS, echo.shape))
