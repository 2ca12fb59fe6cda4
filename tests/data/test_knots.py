"""The world of knots: true distances to tubes of one piece."""

import numpy as np
import pytest
from scipy import ndimage

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.signed import distances_of, occupancy_of
from saddlepoint.data.world.knots import KNOTS
from saddlepoint.errors import ConfigError


def test_a_knot_is_one_piece_whose_distances_are_those_of_its_voxels() -> None:
    data = open_data(DataSettings(data="world:knots", resolution=28))
    for grid in data.fields["distances"][:, 0].astype(np.float32):
        filled = occupancy_of(grid)
        assert ndimage.label(filled, np.ones((3, 3, 3)))[1] == 1
        assert np.abs(distances_of(filled) - grid).max() < 3 / 28
    assert len(data) == len(KNOTS)
    with pytest.raises(ConfigError, match="leave out --channels"):
        open_data(DataSettings(data="world:knots", channels=1))
