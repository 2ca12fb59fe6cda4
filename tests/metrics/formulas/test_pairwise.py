"""Distances of pairs of images against scikit-image 0.26 and pytorch-msssim 1.0."""

import math

import numpy as np
import pytest
from metric_inputs import made_images, noisy

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.pairwise import mean_absolute_error, psnr
from saddlepoint.metrics.formulas.ssim import ms_ssim, ssim

PAIR = made_images(2, 3, 40, 48, "pair"), noisy(made_images(2, 3, 40, 48, "pair"), 20)
LARGE = made_images(2, 3, 163, 171, "scales"), noisy(made_images(2, 3, 163, 171, "scales"), 60)


def test_psnr_agrees_with_scikit_image():
    np.testing.assert_allclose(psnr(*PAIR), [26.724959441645183, 26.70673512192611], rtol=1e-10)


def test_ssim_agrees_with_scikit_image():
    np.testing.assert_allclose(ssim(*PAIR), [0.8954783826534394, 0.8506406605853893], rtol=1e-10)


def test_ms_ssim_agrees_with_pytorch_msssim_on_odd_sides():
    np.testing.assert_allclose(ms_ssim(*LARGE), [0.9321461233635057, 0.9327265497935938], atol=5e-6)


def test_equal_images_score_best():
    same = PAIR[0], PAIR[0]
    assert psnr(*same).tolist() == [math.inf] * 2
    np.testing.assert_allclose(ssim(*same), 1)
    np.testing.assert_allclose(ms_ssim(LARGE[0], LARGE[0]), 1)
    assert mean_absolute_error(*same).tolist() == [0, 0]


def test_the_mean_absolute_error_is_worked_by_hand():
    a, b = np.zeros((1, 1, 1, 4), np.uint8), np.array([[[[0, 1, 2, 255]]]], np.uint8)
    assert mean_absolute_error(a, b).tolist() == [258 / 4]
    assert mean_absolute_error(b, a).tolist() == [258 / 4]


def test_the_range_may_be_another():
    a, b = (images.astype(np.float64) / 255 for images in PAIR)
    np.testing.assert_allclose(psnr(a, b, peak=1), psnr(*PAIR))
    np.testing.assert_allclose(ssim(a, b, peak=1), ssim(*PAIR))


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one shape"):
        psnr(PAIR[0], PAIR[1][:1])
    with pytest.raises(ShapeError, match="11 pixels"):
        ssim(PAIR[0][..., :10], PAIR[1][..., :10])
    with pytest.raises(ShapeError, match="161 pixels"):
        ms_ssim(LARGE[0][..., :160], LARGE[1][..., :160])
    assert ms_ssim(LARGE[0][:, :, :161, :161], LARGE[1][:, :, :161, :161]).shape == (2,)
