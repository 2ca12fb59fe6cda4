"""The Gaussian fitted to pixels."""

import numpy as np
import pytest
from metric_inputs import made_images

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.baselines.gaussian import PixelGaussian


def test_samples_have_the_mean_and_covariance_of_the_images():
    draw = np.random.default_rng(0)
    common = draw.normal(0, 20, (1500, 1, 1, 1))
    images = (128 + common + draw.normal(0, 10, (1500, 1, 2, 2))).round().clip(0, 255).astype(np.uint8)
    made = PixelGaussian(images).sample(20000, seed=0)
    assert made.dtype == np.uint8
    flat, expected = made.reshape(20000, -1).astype(float), images.reshape(1500, -1).astype(float)
    np.testing.assert_allclose(flat.mean(0), expected.mean(0), atol=0.7)
    np.testing.assert_allclose(np.cov(flat, rowvar=False), np.cov(expected, rowvar=False), rtol=0.05)


def test_samples_depend_on_the_seed_alone():
    fitted = PixelGaussian(made_images(30, 3, 8, 8, "base"), most=20)
    np.testing.assert_array_equal(fitted.sample(5, 1), fitted.sample(5, 1))
    assert (fitted.sample(5, 1) != fitted.sample(5, 2)).any()
    assert fitted.sample(5, 1).shape == (5, 3, 8, 8)


def test_other_than_8_bit_images_are_refused():
    with pytest.raises(ShapeError, match="uint8"):
        PixelGaussian(np.zeros((5, 1, 4, 4)))
