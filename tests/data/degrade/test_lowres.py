"""Low resolution as super-resolution is scored on."""

import numpy as np
import pytest

from saddlepoint.data import degrade
from saddlepoint.data.degrade.lowres import resized, weights
from saddlepoint.data.open import anchored, open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import ConfigError


def test_every_reduced_pixel_is_a_mean_and_a_flat_image_stays_flat() -> None:
    assert np.allclose(weights(12, 1 / 4).sum(1), 1)
    flat = np.full((1, 3, 8, 8), 77, np.uint8)
    assert (resized(flat, 1 / 4) == 77).all()


def test_the_weights_are_keys_cubic_widened_four_times() -> None:
    """Pixel 1 of 2 out of 8: its centre lies at 5.5, and the taps beyond the edge count for the last pixel."""
    x = np.abs(5.5 - np.arange(-4, 14)) / 4
    cubic = np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))
    cubic /= cubic.sum()
    folded = np.zeros(8)
    np.add.at(folded, np.arange(-4, 14).clip(0, 7), cubic)
    assert np.allclose(weights(8, 1 / 4)[1], folded)


def test_a_ramp_is_reduced_to_the_means_of_its_middle() -> None:
    ramp = np.broadcast_to(np.arange(0, 160, 10, dtype=np.uint8), (1, 1, 16, 16))
    small = resized(ramp, 1 / 4)[0, 0, 1]
    assert small[1:3].tolist() == [55, 95]


def test_pairs_are_made_of_any_images() -> None:
    data = open_data(DataSettings(data="lowres4:world:shapes", resolution=16))
    assert data.fields["source"].shape[2:] == (4, 4)
    assert data.spec().image().height == 16
    assert data.source == "lowres4:world:shapes"
    other = open_data(DataSettings(data="lowres2:world:shapes", resolution=16))
    assert data.fingerprint != other.fingerprint


def test_sides_that_are_not_divided_and_data_without_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="not reduced 3 times"):
        open_data(DataSettings(data="lowres3:world:shapes", resolution=16))
    with pytest.raises(ConfigError, match="makes images"):
        open_data(DataSettings(data="lowres2:world:ring8"))
    with pytest.raises(ConfigError, match="single images"):
        open_data(DataSettings(data="lowres2:world:edges", resolution=16))


def test_a_word_that_names_no_degradation_is_left_alone() -> None:
    assert degrade.split("digits") is None
    assert degrade.split("nosuch4:digits") is None
    assert anchored(DataSettings(data="lowres4:digits")).data == "lowres4:digits"
