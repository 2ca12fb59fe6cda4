"""What can be measured of a translation without its truth: there and back, copies, drifting colours, seams, flicker,
and attributes that move together.

Images are uint8 [N, C, H, W], in levels of 0 to 255. A low figure proves nothing by itself: the identity has no seams,
no drift of its own and comes back whole, but all of its images are copies.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.images import Bytes

COPY = 0.1
"""a translation that differs from its source by less than this share of what two images of the kinds differ by is
counted as a copy"""


def cycle_errors(images: Bytes, back: Bytes) -> Doubles:
    """Mean absolute difference of each image to itself after there and back, in levels.  [N]"""
    return _apart(images, back)


def copies(images: Bytes, translated: Bytes, others: Bytes) -> float:
    """The share of translations that are their source all but unchanged: see `COPY`. others: images of the wanted kind;
    as many as there are, each beside an image."""
    count = min(len(images), len(others))
    usual = float(_apart(images[:count], others[:count]).mean())
    return float((_apart(images, translated) < COPY * usual).mean())


def colour_drift(translated: Bytes, others: Bytes) -> float:
    """How far the mean colour of translations is from that of images of the wanted kind: mean over channels, levels."""
    means = [each.mean((0, 2, 3), dtype=np.float64) for each in (translated, others)]
    return float(np.abs(means[0] - means[1]).mean())


def seams(images: Bytes, window: int) -> float:
    """How much steeper images are across the borders of windows than elsewhere: a ratio, 1 for none, mean of both ways.

    window: pixels from one border to the next. Raises ValueError for images without a border.
    """
    ratios = []
    for axis in (2, 3):
        steps = np.abs(np.diff(images.astype(np.float64), axis=axis)).mean((0, 1, 5 - axis))
        border = np.arange(window - 1, len(steps), window)
        if not len(border) or len(border) == len(steps):
            raise ValueError(f"images of {images.shape[axis]} pixels have no borders of windows of {window}.")
        rest = np.delete(steps, border).mean()
        ratios.append(steps[border].mean() / max(rest, 1e-9))
    return float(np.mean(ratios))


def flicker_ratio(clip: Bytes, translated: Bytes) -> float:
    """How much more a translated film [T, C, H, W] changes from frame to frame than its source: 1 for as much."""
    own, other = (np.abs(np.diff(each.astype(np.float64), axis=0)).mean() for each in (clip, translated))
    return float(other / max(own, 1e-9))


def entanglement(before: Doubles, after: Doubles) -> Doubles:
    """How much the other attributes move when one is changed, as a share of how much that one moves: 0 for none.  [K]

    before: what a reader, such as a classifier of each attribute, says of images, [N, K]. after: the same of these
    images with attribute k changed, for each k: [K, N, K]. The share is the mean over the others; infinite where the
    attribute itself does not move.
    """
    moved = np.abs(np.asarray(after, np.float64) - before).mean(1)  # of attribute k changed, each attribute's: [K, K]
    own = np.diag(moved)
    others = (moved.sum(1) - own) / max(len(own) - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(own > 0, others / own, np.inf))


def _apart(one: Bytes, other: Bytes) -> Doubles:
    difference: Doubles = np.abs(one.astype(np.float64) - other).mean((1, 2, 3))
    return difference
