"""The world of silhouettes."""

import numpy as np
import pytest

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.shapes import SHAPES, factors
from saddlepoint.data.world.silhouettes import silhouettes
from saddlepoint.errors import ConfigError


def test_images_are_black_and_white_with_the_shape_as_class() -> None:
    data = open_data(DataSettings(data="world:silhouettes"))
    assert data.images.shape == (10_000, 1, 16, 16)
    assert set(np.unique(data.images)) == {0, 255}
    assert data.classes == tuple(SHAPES)
    assert data.images.mean((1, 2, 3)).min() > 0  # none is empty
    assert np.array_equal(data.images[40:44], silhouettes(factors(np.arange(40, 44)), 16))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave out --channels"):
        open_data(DataSettings(data="world:silhouettes", channels=3))
    with pytest.raises(ConfigError, match="4 to 64 pixels"):
        open_data(DataSettings(data="world:silhouettes", resolution=100))
