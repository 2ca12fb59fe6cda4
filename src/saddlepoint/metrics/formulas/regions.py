"""Whether a translation of a label map shows each class where the map has it: a reader's accuracy, and its overlap.

As the FCN-score of Isola et al. 2017, arXiv:1611.07004, section 3.4, where a network that segments photographs reads
translations. Here the reader learns from the true targets of training pairs, by a forest over 5x5 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.images import Bytes

MOST_CLASSES = 32
"""colours up to which images are taken for label maps"""
_LOOK, _EACH, _READ = 200, 200, 1_000
"""maps that are looked at, pixels of each that the reader learns from, and pixels that it reads of an image"""
_REACH = 2


@final
@dataclass(frozen=True, eq=False)
class RegionReader:
    """A reader of classes by their colour in the map: uint8 [K, C]."""

    colours: Bytes
    forest: Any

    def figures(self, maps: Bytes, images: Bytes, seed: int = 0) -> tuple[Doubles, Doubles]:
        """Of each image: the share of its pixels that are read as the map has them, and the mean intersection over
        union of the classes that occur in either.  maps, images: [N, C, H, W].  [N] twice"""
        draw, shares, overlaps = np.random.default_rng(seed), [], []
        for one, image in zip(maps, images):
            places = _places(draw, image.shape[1:], _READ)
            right, read = self._numbers(one[None])[0][places], self.forest.predict(_windows(image, places))
            shares.append((right == read).mean())
            occur = np.union1d(right, read)
            both = [((right == k) & (read == k)).sum() / ((right == k) | (read == k)).sum() for k in occur]
            overlaps.append(np.mean(both))
        return np.array(shares), np.array(overlaps)

    def _numbers(self, maps: Bytes) -> np.ndarray:
        """The class of each pixel.  [N, H, W]"""
        apart = (maps[:, None].astype(np.int32) - self.colours[None, :, :, None, None]) ** 2
        return np.asarray(apart.sum(2).argmin(1))


def region_reader(maps: Bytes, images: Bytes, seed: int = 0) -> RegionReader | None:
    """A reader that has learnt from maps and their true images, [N, C, H, W] of one size; None where `maps` are none:
    of one colour, or of more than `MOST_CLASSES`."""
    from sklearn.ensemble import ExtraTreesClassifier

    maps, images = maps[:_LOOK], images[:_LOOK]
    if maps.dtype != np.uint8 or maps.shape[2:] != images.shape[2:]:
        return None
    colours: set[tuple[int, ...]] = set()
    for one in maps:
        colours |= {tuple(map(int, row)) for row in np.unique(one.reshape(len(one), -1), axis=1).T}
        if len(colours) > MOST_CLASSES:
            return None
    if len(colours) < 2:
        return None
    reader = RegionReader(np.array(sorted(colours), np.uint8), ExtraTreesClassifier(30, random_state=seed, n_jobs=1))
    draw, windows, classes = np.random.default_rng(seed), [], []
    for one, image in zip(maps, images):
        places = _places(draw, image.shape[1:], _EACH)
        windows.append(_windows(image, places))
        classes.append(reader._numbers(one[None])[0][places])
    reader.forest.fit(np.concatenate(windows), np.concatenate(classes))
    return reader


def _places(draw: np.random.Generator, size: tuple[int, ...], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of pixels, drawn without any twice."""
    chosen = draw.permutation(size[0] * size[1])[:most]
    return chosen // size[1], chosen % size[1]


def _windows(image: Bytes, places: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """What is around pixels of an image [C, H, W], as rows."""
    near = np.pad(image, [(0, 0), (_REACH, _REACH), (_REACH, _REACH)], mode="edge")
    offsets = range(2 * _REACH + 1)
    parts = [near[:, places[0] + down, places[1] + across] for down in offsets for across in offsets]
    return np.concatenate(parts).T
