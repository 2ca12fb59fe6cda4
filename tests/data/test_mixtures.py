"""The point worlds: where their modes are, that the points lie there, and that the density is one."""

from __future__ import annotations

import numpy as np
import pytest

from saddlepoint.data.world import names, swissroll, world
from saddlepoint.errors import ConfigError


def test_the_ring_and_the_grid_are_those_of_the_field():
    ring, grid = world("ring8"), world("grid25")
    assert ring.centres.shape == (8, 2)
    np.testing.assert_allclose(np.hypot(*ring.centres.T), 2 / 1.414)
    assert ring.sd == pytest.approx(0.02 / 1.414)
    assert sorted(set(np.round(grid.centres[:, 0] * 2.828, 9))) == [-4, -2, 0, 2, 4]
    assert len(np.unique(grid.centres, axis=0)) == 25
    assert grid.sd == pytest.approx(0.05 / 2.828)


@pytest.mark.parametrize("name", ["line", "ring3", "ring8", "grid4", "grid25"])
def test_points_lie_at_the_modes_that_they_name_as_often_and_as_near_as_said(name):
    mixture = world(name)
    points, mode = mixture.sample(20_000, 0)
    assert (points.dtype, mode.dtype) == (np.float32, np.int64)
    spread = (points - mixture.centres[mode]) / mixture.sd
    assert abs(spread.mean()) < 0.02
    assert abs(spread.std() - 1) < 0.02
    counts = np.bincount(mode, minlength=len(mixture.centres))
    assert np.abs(counts * len(counts) / 20_000 - 1).max() < 0.15


def test_points_are_a_function_of_their_number_and_seed():
    mixture = world("ring8")
    np.testing.assert_array_equal(mixture.sample(50, 3)[0], mixture.sample(50, 3)[0])
    assert (mixture.sample(50, 3)[0] != mixture.sample(50, 4)[0]).any()


def test_the_density_integrates_to_one_and_peaks_at_a_mode():
    mixture = world("line")
    axis = np.linspace(-2, 2, 4001)[:, None]
    density = mixture.density(axis)
    assert density.sum() * 0.001 == pytest.approx(1, abs=1e-9)
    assert density.max() == pytest.approx(1 / (4 * 0.05 * np.sqrt(2 * np.pi)), rel=1e-6)
    grid = world("grid4")
    side = np.linspace(-0.7, 0.7, 701)
    plane = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    assert grid.density(plane).sum() * 0.002**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ["ring1", "grid24", "grid1", "grid0"])
def test_an_impossible_number_of_modes_is_refused(name):
    with pytest.raises(ConfigError, match=f"world:{name} must have"):
        world(name)


def test_a_world_is_found_by_its_file_and_a_ring_by_its_number():
    assert {"grid25", "line", "ring8", "shapes", "swissroll"} <= set(names())
    for name in names():
        assert world(name)
    for name in ("ring", "line4", "light", "mixtures", "base", "", "ring8\n", "../shapes", "ring12345"):
        with pytest.raises(ConfigError, match="no world is called world:"):
            world(name)


def test_the_swiss_roll_winds_from_the_inside_out():
    points = swissroll.WORLD.sample(20_000, 0)[0]
    assert (points.shape, points.dtype) == ((20_000, 2), np.float32)
    radius = np.hypot(*points.T) * 7.5
    assert radius.min() > 1.5 * np.pi - 1.5
    assert radius.max() < 4.5 * np.pi + 1.5
    np.testing.assert_array_equal(points, swissroll.WORLD.sample(20_000, 0)[0])
