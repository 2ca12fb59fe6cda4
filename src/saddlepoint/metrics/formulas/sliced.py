"""Sliced Wasserstein distance between patches of images, level by level of a Laplacian pyramid. Karras et al. 2017,
arXiv:1710.10196, section 5: 128 patches of 7x7 an image at each level, 512 random directions, figures times 1000.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.images import Images, batches

Singles = NDArray[np.float32]

_PATCH = 7
_COARSEST = 16  # pixels a side, below which no further level is made
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16
_DIRECTIONS = 128  # at a time, four times over


def sliced_wasserstein(real: Images, fake: Images, *, seed: int = 0, patches: int = 128) -> dict[int, float]:
    """Distance at each level by its side in pixels, finest first, in thousandths; near 0 for sets that are alike.

    real, fake: uint8 [n, C, H, W], the same number of images and the same shape. Holds the patches: 75 KB for a colour
    image at each level, so memory limits it to some thousands of images. Raises ShapeError for sets that do not fit.
    """
    ours, theirs = _patches(real, patches, seed, "real"), _patches(fake, patches, seed, "fake")
    if {side: rows.shape for side, rows in ours.items()} != {side: rows.shape for side, rows in theirs.items()}:
        raise ShapeError("the sliced Wasserstein distance needs as many generated as real images, of the same shape.")
    return {side: _distance(_standard(ours[side]), _standard(theirs[side]), seed) * 1e3 for side in ours}


def laplacian_levels(images: Singles) -> list[Singles]:
    """The pyramid of images [N, C, H, W], finest first: what each halving to 16 pixels or more loses, then the rest."""
    levels = []
    while min(images.shape[2:]) >= 2 * _COARSEST and images.shape[2] % 2 == images.shape[3] % 2 == 0:
        smaller = _smooth(images)[:, :, ::2, ::2]
        larger = np.zeros_like(images)
        larger[:, :, ::2, ::2] = smaller * 4
        levels.append(images - _smooth(larger))
        images = smaller
    return [*levels, images]


def _patches(images: Images, count: int, seed: int, which: str) -> dict[int, Singles]:
    """Patches of all images by the side of their level.  [n * count, C, 7, 7]"""
    gathered: dict[int, list[Singles]] = {}
    start = 0
    for batch in batches(images, 64):
        if min(batch.shape[2:]) < _PATCH:
            raise ShapeError(f"patches of {_PATCH} pixels do not fit images of {batch.shape[3]}x{batch.shape[2]}.")
        for level in laplacian_levels(batch.astype(np.float32)):
            draw = numpy_generator(seed, which, level.shape[2], start)
            gathered.setdefault(level.shape[2], []).append(_cut(level, count, draw))
        start += len(batch)
    return {side: np.concatenate(rows) for side, rows in gathered.items()}


def _cut(level: Singles, count: int, draw: np.random.Generator) -> Singles:
    n, _, height, width = level.shape
    which = np.repeat(np.arange(n), count)[:, None, None]
    top = draw.integers(height - _PATCH + 1, size=n * count)[:, None, None] + np.arange(_PATCH)[:, None]
    left = draw.integers(width - _PATCH + 1, size=n * count)[:, None, None] + np.arange(_PATCH)
    patches: Singles = level[which, :, top, left].transpose(0, 3, 1, 2)  # [n * count, C, 7, 7]
    return patches


def _standard(patches: Singles) -> Singles:
    """Each channel of a whole set to mean 0 and deviation 1, then flat.  [M, C * 49]"""
    axes = (0, 2, 3)
    deviation = np.maximum(patches.std(axes, keepdims=True, dtype=np.float64), 1e-8)
    scaled: Singles = ((patches - patches.mean(axes, keepdims=True, dtype=np.float64)) / deviation).astype(np.float32)
    return scaled.reshape(len(patches), -1)


def _distance(x: Singles, y: Singles, seed: int) -> float:
    return float(np.mean([np.abs(np.sort(x @ d, 0) - np.sort(y @ d, 0)).mean() for d in _directions(x.shape[1], seed)]))


def _directions(width: int, seed: int) -> Iterator[Singles]:
    for turn in range(4):
        directions = numpy_generator(seed, "directions", width, turn).standard_normal((width, _DIRECTIONS))
        yield (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)


def _smooth(images: Singles) -> Singles:
    for axis in (2, 3):
        images = correlate1d(images, _BINOMIAL, axis, mode="mirror")
    return images
