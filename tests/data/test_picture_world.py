"""The world of one picture: it is the same at any size, and other settings are refused."""

import numpy as np
import pytest

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.picture import picture
from saddlepoint.errors import ConfigError


def test_a_smaller_picture_is_the_mean_of_the_larger_one() -> None:
    large = picture(128).reshape(3, 32, 4, 32, 4).mean((2, 4))
    assert np.abs(large - picture(32)).mean() < 0.03
    assert len(open_data(DataSettings(data="world:picture"))) == 1
    with pytest.raises(ConfigError, match="8 to 1024 pixels"):
        open_data(DataSettings(data="world:picture", resolution=4))
