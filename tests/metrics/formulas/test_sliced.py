"""The sliced Wasserstein distance on Laplacian levels."""

import numpy as np
import pytest
from metric_inputs import made_images, noisy

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.sliced import laplacian_levels, sliced_wasserstein


def test_levels_halve_down_to_sixteen_pixels():
    levels = laplacian_levels(made_images(2, 3, 64, 64, "levels").astype(np.float32))
    assert [level.shape[2] for level in levels] == [64, 32, 16]


def test_small_images_are_one_level():
    assert [level.shape[2] for level in laplacian_levels(np.zeros((1, 1, 28, 28), np.float32))] == [28]


def test_a_flat_image_has_detail_at_no_level():
    levels = laplacian_levels(np.full((1, 1, 64, 64), 77, np.float32))
    for level in levels[:-1]:
        np.testing.assert_allclose(level, 0, atol=1e-3)
    np.testing.assert_allclose(levels[-1], 77, rtol=1e-5)


def test_blur_shows_at_the_fine_level_and_alike_sets_are_near():
    real, like = made_images(60, 1, 32, 32, "real"), made_images(60, 1, 32, 32, "like")
    near, far = sliced_wasserstein(real, like), sliced_wasserstein(real, noisy(like, 60))
    assert list(near) == [32, 16]
    assert far[32] > 3 * near[32]
    assert far[32] > far[16]


def test_the_same_seed_gives_the_same_figure():
    real, fake = made_images(10, 1, 16, 16, "real"), made_images(10, 1, 16, 16, "fake")
    assert sliced_wasserstein(real, fake, seed=1) == sliced_wasserstein(real, fake, seed=1)


def test_sets_of_unlike_sizes_are_refused():
    with pytest.raises(ShapeError, match="as many"):
        sliced_wasserstein(made_images(10, 1, 16, 16, "a"), made_images(9, 1, 16, 16, "b"))
    with pytest.raises(ShapeError, match="7 pixels"):
        sliced_wasserstein(made_images(2, 1, 6, 6, "a"), made_images(2, 1, 6, 6, "b"))
