"""Variance and pair distance."""

import numpy as np
import pytest
from metric_inputs import made_features, made_images

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.diversity import pair_distance, variance_ratio
from saddlepoint.metrics.formulas.pairwise import mean_absolute_error
from saddlepoint.metrics.formulas.statistics import gaussian


def test_the_ratio_is_that_of_the_variances():
    rows = made_features(100, 6, "a").astype(np.float64)
    assert variance_ratio(gaussian(rows), gaussian(3 * rows + 1)) == pytest.approx(9)
    assert variance_ratio(gaussian(rows), gaussian(np.ones((100, 6)))) == 0
    with pytest.raises(ShapeError):
        variance_ratio(gaussian(rows), gaussian(rows[:, :2]))


def test_pairs_never_hold_one_image_twice():
    images = np.array([0, 10], np.uint8).reshape(2, 1, 1, 1)
    found = pair_distance(mean_absolute_error, images, pairs=50)
    assert (found.value, found.spread) == (10, 0)
    with pytest.raises(ShapeError, match="two images"):
        pair_distance(mean_absolute_error, images[:1])


def test_copies_of_one_image_are_at_no_distance():
    images = np.repeat(made_images(1, 3, 8, 8, "one"), 5, axis=0)
    assert pair_distance(mean_absolute_error, images, pairs=20).value == 0
