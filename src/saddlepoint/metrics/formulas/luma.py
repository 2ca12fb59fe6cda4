"""The protocol of super-resolution: brightness alone, a border left out. All papers since SRCNN score on it.

Y of BT.601 with head room, 16 to 235, as MATLAB's `rgb2ycbcr` makes it of whole levels, rounded to whole levels; the
border is as wide as the scale, and 4 pixels where the scale is not known, which is that of x4.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.pairwise import Pictures, pair, psnr
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.formulas.statistics import Doubles

BORDER = 4


def luma(images: Doubles) -> Doubles:
    """[N, 3, H, W] in levels of 0 to 255 -> whole levels of 16 to 235, [N, 1, H, W]; grey ones count as three alike."""
    colour = np.repeat(images, 3, 1) if images.shape[1] == 1 else images
    weighed = np.tensordot([65.481, 128.553, 24.966], colour, ([0], [1]))[:, None] / 255
    return np.asarray(np.floor(16 + weighed + 0.5))


def psnr_y(a: Pictures, b: Pictures, border: int = BORDER) -> Doubles:
    """The ratio of each pair in dB on brightness, without the border.  [N]  a, b: [N, C, H, W] in 0 to 255."""
    return psnr(*_inside(a, b, border))


def ssim_y(a: Pictures, b: Pictures, border: int = BORDER) -> Doubles:
    """The similarity of each pair on brightness, without the border.  [N]"""
    return ssim(*_inside(a, b, border))


def _inside(a: Pictures, b: Pictures, border: int) -> tuple[Doubles, Doubles]:
    """Raises ShapeError for images that are all border."""
    if min(a.shape[2:]) <= 2 * border or a.shape[1] not in (1, 3):
        raise ShapeError(
            f"brightness is measured of grey or colour, {border} pixels from the border; got {a.shape[1]} channels of"
            f" {a.shape[3]}x{a.shape[2]} pixels."
        )
    x, y = (luma(each) for each in pair(a, b))
    cut = slice(border, -border or None)
    return x[:, :, cut, cut], y[:, :, cut, cut]
