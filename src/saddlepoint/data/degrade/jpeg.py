"""What JPEG leaves of an image: blocks of 8x8 cosines in few levels, colour at half the resolution."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from saddlepoint.errors import ConfigError

USUAL = 20


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: the quality, 1 to 95. Raises ConfigError for another."""
    if not 1 <= amount <= 95 or images.shape[1] not in (1, 3):
        raise ConfigError("jpeg takes a quality of 1 to 95, and images in grey or colour: say jpeg20:FOLDER.")
    return np.stack([compressed(image, amount) for image in images])


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """uint8 [C, H, W], written and read again."""
    stream = io.BytesIO()
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    picture.save(stream, "JPEG", quality=quality)
    array = np.array(Image.open(stream))
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))
