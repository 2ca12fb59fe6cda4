"""An old print: colours that have faded towards the paper, unsharp and grainy. The amount is how many hundredths fade.

An antique film sees blue, or blue and green, better than red (Luo et al. 2021, arXiv:2012.12261, section 3.1): each
image has its own of the three ways in which brightness comes about.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade import check_colour
from saddlepoint.data.degrade._rows import by_row, filtered
from saddlepoint.errors import ConfigError

USUAL = 50
_FILMS = np.array([[0.0, 0.0, 1.0], [0.0, 0.5, 0.5], [0.299, 0.587, 0.114]])
_PAPER = np.array([0.92, 0.86, 0.72])
_LINE = np.array([0.25, 0.5, 0.25])


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, 3, H, W] -> the same shape. amount: 1 to 99."""
    check_colour(images, "faded50:FOLDER")
    if not 1 <= amount <= 99:
        raise ConfigError(f"an image that has faded by {amount} hundredths is whole, or gone: say faded50:FOLDER.")

    def change(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        grey = np.tensordot(_FILMS[draw.integers(3)], image, 1)
        grey = filtered(grey[None], np.outer(_LINE, _LINE))
        grey = grey ** draw.uniform(0.8, 1.25)
        left = 1 - amount / 100 * draw.uniform(0.7, 1)
        print_ = _PAPER[:, None, None] * (1 - left * (1 - grey))
        grain = filtered(draw.standard_normal((1, *image.shape[1:])), np.outer(_LINE, _LINE))
        return np.asarray(print_ + 0.06 * grain)

    return by_row(images, "faded", change)
