"""Colour taken away: the brightness of each pixel alone, by the weights of BT.601."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade import check_colour

USUAL = 0
_WEIGHTS = np.array([0.299, 0.587, 0.114])


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, 3, H, W] -> uint8 [N, 1, H, W]. Raises ConfigError for images that are grey."""
    check_colour(images, "grey:FOLDER")
    return np.stack([np.rint(np.tensordot(_WEIGHTS, image, 1))[None].astype(np.uint8) for image in images])
