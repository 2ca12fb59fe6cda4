"""Brightness as super-resolution is scored on it."""

import numpy as np
import pytest

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.luma import luma, psnr_y, ssim_y


def test_black_white_and_the_primaries_have_their_levels() -> None:
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], float)
    assert luma(colours[:, :, None, None]).ravel().tolist() == [16, 235, 81, 145, 41]


def test_the_border_does_not_count_and_colour_alone_changes_little() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (2, 3, 24, 24), dtype=np.uint8)
    other = one.copy()
    other[:, :, :4] = 0
    assert np.isinf(psnr_y(one, other)).all()
    assert ssim_y(one, other) == pytest.approx(1)
    other[:, :, 8] //= 2
    x, y = (luma(each.astype(float))[:, :, 4:-4, 4:-4] for each in (one, other))
    assert psnr_y(one, other) == pytest.approx(10 * np.log10(255**2 / ((x - y) ** 2).mean((1, 2, 3))))


def test_images_that_are_all_border_are_refused() -> None:
    with pytest.raises(ShapeError, match="4 pixels from the border"):
        psnr_y(np.zeros((1, 3, 8, 8), np.uint8), np.zeros((1, 3, 8, 8), np.uint8))
