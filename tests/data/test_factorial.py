"""The factorial world: all combinations once, each factor even and independent of the others."""

import itertools
import math

import numpy as np
import pytest

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.factorial import FACTORS, factors, render
from saddlepoint.errors import ConfigError


def test_every_combination_is_there_once_and_every_image_differs() -> None:
    data = open_data(DataSettings(data="world:factorial"))
    assert data.images.shape == (1600, 1, 16, 16)
    shown = factors(np.arange(1600))
    assert {tuple(row) for row in shown.tolist()} == set(itertools.product(*map(range, FACTORS.values())))
    assert len(np.unique(data.images.reshape(1600, -1), axis=0)) == 1600


def test_place_size_and_shade_are_what_the_factors_say_and_tell_nothing_of_each_other() -> None:
    images = render(np.array([[7, 0, 2, 4], [7, 0, 2, 0], [7, 0, 4, 4], [0, 7, 2, 4]]), 64)[:, 0].astype(float)
    bright, dim, large, elsewhere = images
    assert bright.max() == 255
    assert dim.max() == pytest.approx(0.3 * 255, abs=1)
    np.testing.assert_allclose(dim / dim.max(), bright / bright.max(), atol=0.02)
    assert large.sum() > 1.5 * bright.sum()
    np.testing.assert_allclose(elsewhere, bright[::-1, ::-1], atol=1)
    corner = render(np.array([[7, 7, 4, 4]]), 64)[0, 0] / 255
    assert corner.mean() * 4 == pytest.approx(math.pi * 0.45**2, rel=0.01)  # the largest in the corner is whole


def test_the_image_between_two_values_can_be_made() -> None:
    low, middle, high = render(np.array([[2.0, 3, 2, 2], [2.5, 3, 2, 2], [3.0, 3, 2, 2]]), 64)[:, 0].astype(float)
    columns = np.arange(64)
    centres = [(image.sum(0) * columns).sum() / image.sum() for image in (low, middle, high)]
    assert centres[1] == pytest.approx((centres[0] + centres[2]) / 2, abs=0.05)


def test_other_forms_are_refused() -> None:
    for settings in ({"channels": 3}, {"resolution": 4}, {"resolution": "16x8"}):
        with pytest.raises(ConfigError, match="world:factorial is"):
            open_data(DataSettings(data="world:factorial", **settings))
