"""The naive baseline: a Gaussian fitted to pixels. A generator whose distance is not far below its is not learning."""

from __future__ import annotations

from typing import final

import numpy as np

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.images import Bytes


@final
class PixelGaussian:
    """The Gaussian with the mean and the whole covariance of training images, pixel by pixel.

    images: uint8 [N, C, H, W]. It is fitted to all of them, or to `most` rows drawn from `seed` where there are more.
    The covariance is kept as the centred images themselves, so no matrix of pixels by pixels is made.
    """

    def __init__(self, images: Bytes, *, most: int = 2000, seed: int = 0) -> None:
        if images.ndim != 4 or images.dtype != np.uint8 or len(images) < 2:
            raise ShapeError(f"the baseline needs two or more uint8 images, got {images.dtype} {list(images.shape)}.")
        rows = np.arange(len(images))
        if len(images) > most:
            rows = np.sort(numpy_generator(seed, "baseline rows").choice(len(images), most, replace=False))
        pixels = images[rows].reshape(len(rows), -1).astype(np.float64)
        self._shape = images.shape[1:]
        self._mean: Doubles = pixels.mean(0)
        self._root: Doubles = (pixels - self._mean) / np.sqrt(len(rows) - 1)  # [rows, pixels]

    def sample(self, n: int, seed: int) -> Bytes:
        """`n` images uint8 [n, C, H, W], rounded and clipped to 0..255."""
        noise = numpy_generator(seed, "baseline").standard_normal((n, len(self._root)))
        pixels = noise @ self._root + self._mean
        return pixels.round().clip(0, 255).astype(np.uint8).reshape(n, *self._shape)
