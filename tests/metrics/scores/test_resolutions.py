"""The Fréchet distance at several resolutions."""

import numpy as np
import pytest
from metric_inputs import made_images, noisy

from saddlepoint.errors import ConfigError
from saddlepoint.metrics.extractors.features import Pixels
from saddlepoint.metrics.scores.resolutions import averaged, frechet_by_resolution


def test_averaging_is_worked_by_hand():
    image = np.array([[[[0, 2], [4, 9]]]], np.uint8)
    assert averaged(image, 1).tolist() == [[[[4]]]]
    np.testing.assert_array_equal(averaged(image, 2), image)
    with pytest.raises(ConfigError, match="averaged down to 3"):
        averaged(image, 3)


def test_fine_noise_shows_less_at_low_resolution():
    real = made_images(300, 1, 16, 16, "real")
    fake = noisy(made_images(300, 1, 16, 16, "fake"), 80)
    found = frechet_by_resolution(Pixels(), real, fake, (16, 4))
    clean = frechet_by_resolution(Pixels(), real, made_images(300, 1, 16, 16, "fake"), (16, 4))
    assert found[16] > 2 * clean[16]
    assert found[16] - clean[16] > 3 * (found[4] - clean[4])
