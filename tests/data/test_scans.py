"""Clouds as a scanner returns them: near the body but for strays, and with holes that the whole cloud has not."""

import numpy as np
import pytest

from saddlepoint.data.open import open_data
from saddlepoint.data.world.bodies import body, gauge
from saddlepoint.data.world.scans import STRAYS, scan
from saddlepoint.data.world.solids import _points as whole
from saddlepoint.errors import ConfigError


def test_points_lie_near_the_body_but_for_the_strays() -> None:
    places = scan(1)  # a box
    own = places @ np.linalg.inv(body(1).frame).T
    away = np.abs(gauge("box", own) - 1)
    assert places.shape == (256, 3)
    assert np.quantile(away, 0.85) < 0.2
    assert STRAYS / 3 < (away > 0.3).sum() <= STRAYS


def test_a_ball_has_places_far_from_every_point() -> None:
    directions = np.random.default_rng(0).standard_normal((500, 3))
    surface = directions / np.linalg.norm(directions, axis=1, keepdims=True) @ body(0).frame.T

    def largest_gap(places: np.ndarray) -> float:
        return float(np.linalg.norm(surface[:, None] - places[None], axis=2).min(1).max())

    assert largest_gap(scan(0)) > 1.3 * largest_gap(whole(0))


def test_a_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="256 points"):
        open_data("world:scans", shape_points=64)
