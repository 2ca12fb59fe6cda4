"""What a translation is compared with: maps that look at nothing but one pixel, or at nothing at all."""

from __future__ import annotations

from typing import final

import numpy as np

from saddlepoint.metrics.images import Bytes

_LEVELS = 8  # of each channel, in which a colour is looked up


def mean_image(target: Bytes, count: int) -> Bytes:
    """The mean of all targets, `count` times."""
    return np.repeat(np.rint(target.mean(0, keepdims=True, dtype=np.float64)).astype(np.uint8), count, 0)


def recoloured(images: Bytes, source: Bytes, target: Bytes) -> Bytes:
    """`images` with each channel scaled from the mean and deviation of one set to those of the other; needs no pairs.

    Source: Reinhard et al. 2001, doi:10.1109/38.946629, in RGB instead of their space.
    """
    axes = (0, 2, 3)
    (low, spread), (to, wide) = (
        (each.mean(axes, keepdims=True, dtype=np.float64), each.std(axes, keepdims=True, dtype=np.float64))
        for each in (source, target)
    )
    result: Bytes = np.rint(np.clip((images - low) / np.maximum(spread, 1e-9) * wide + to, 0, 255)).astype(np.uint8)
    return result


@final
class ColourTable:
    """The best map from a pixel's colour alone, in 8 levels a channel: the mean target of all pixels of that colour.

    source, target: uint8 [N, C, H, W], pairs.
    """

    def __init__(self, source: Bytes, target: Bytes) -> None:
        self.channels = source.shape[1]
        places, size = self._places(source).ravel(), _LEVELS**self.channels
        counts = np.bincount(places, minlength=size)
        sums = [np.bincount(places, target[:, channel].ravel(), size) for channel in range(self.channels)]
        whole = np.array(sums).sum(1) / counts.sum()
        table = np.where(counts > 0, np.array(sums) / np.maximum(counts, 1), whole[:, None])  # unseen: the mean colour
        self.table = np.rint(table).astype(np.uint8)  # [C, colours]

    def __call__(self, images: Bytes) -> Bytes:
        """uint8 [N, C, H, W], as many."""
        return np.ascontiguousarray(self.table[:, self._places(images)].transpose(1, 0, 2, 3))

    def _places(self, images: Bytes) -> np.ndarray:
        """Which colour each pixel has.  [N, H, W]"""
        powers = _LEVELS ** np.arange(self.channels)
        return np.tensordot(powers, images.astype(np.int64) * _LEVELS // 256, (0, 1))
