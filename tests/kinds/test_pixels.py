import numpy as np
import pytest
import torch

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.kinds.pixels import averaged, pixels, to_uint8


def test_floats_are_rounded_to_the_nearest_level():
    images = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, 1 / 127.5 - 1, 1.4 / 127.5 - 1]).view(1, 1, 1, 7)
    np.testing.assert_array_equal(to_uint8(images)[0, 0, 0], [0, 0, 128, 255, 255, 1, 1])
    with pytest.raises(ShapeError, match="uint8 needs no conversion"):
        to_uint8(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))


def test_every_level_survives_the_way_to_the_network_and_back():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    np.testing.assert_array_equal(to_uint8(pixels(levels)), levels.numpy())


def test_larger_images_are_averaged_down_and_odd_fractions_refused():
    shown = averaged(pixels(torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).view(1, 1, 2, 2)), 2)
    assert shown.item() == 0
    with pytest.raises(ConfigError, match="averaged down 3 times"):
        averaged(torch.zeros(1, 1, 4, 4), 3)
