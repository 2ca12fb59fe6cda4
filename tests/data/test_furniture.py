"""The world of furniture."""

import numpy as np
import pytest

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.furniture import boxes, voxels
from saddlepoint.errors import ConfigError


def test_a_piece_is_a_function_of_its_number_and_stands_on_the_floor() -> None:
    for row in range(8):
        volume = voxels(boxes(row), 16)
        assert np.array_equal(volume, voxels(boxes(row), 16))
        assert volume[0].any(), "nothing touches the floor"


def test_the_data_set_has_volumes_with_labels() -> None:
    data = open_data(DataSettings(data="world:furniture", resolution=8))
    assert data.main.shape == (1, 8, 8, 8)
    assert data.classes == ("chair", "table", "sofa", "shelf")
    assert 0.02 < data.examples.mean() < 0.5


def test_settings_of_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave out --channels"):
        open_data(DataSettings(data="world:furniture", channels=3))
    with pytest.raises(ConfigError, match="8 to 64 voxels"):
        open_data(DataSettings(data="world:furniture", resolution=100))
