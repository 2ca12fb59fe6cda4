"""What remains of an image with holes: the image, mid-grey where it is unknown, and a last channel that says where.

The last channel is 255 where the image is known, as the alpha of a picture with transparent parts is.
"""

from __future__ import annotations

import numpy as np

GREY = 128


def holed(images: np.ndarray, known: np.ndarray) -> np.ndarray:
    """uint8 [N, C, H, W] and whether each pixel is known, [N, H, W] -> uint8 [N, C + 1, H, W]."""
    left = np.where(known[:, None], images, np.uint8(GREY))
    return np.concatenate([left, np.where(known[:, None], np.uint8(255), np.uint8(0))], 1)
