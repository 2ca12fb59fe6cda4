"""Losses of physical relations: zero where they hold, what is missing by hand where not, and a slope that mends."""

import math

import pytest
import torch

from saddlepoint.losses.physical import density_order, density_range, downhill, pits, steepness


def plane(rise: float) -> torch.Tensor:
    return (torch.arange(8) * rise).expand(2, 1, 6, 8).clone()


def test_a_plane_is_as_steep_as_its_rise_by_run() -> None:
    assert steepness(plane(6.0), 10.0, 0.6).item() == pytest.approx(0, abs=1e-6)
    assert steepness(plane(9.0), 10.0, 0.6).item() == pytest.approx(0.3**2, rel=1e-4)
    tilted = plane(3.0) + torch.arange(6)[:, None] * 4.0
    assert math.sqrt(steepness(tilted, 1.0, 0.0).item()) == pytest.approx(5.0, rel=1e-4)


def test_a_pit_is_as_deep_as_the_lowest_of_its_neighbours_is_above_it() -> None:
    terrain = plane(1.0)
    assert pits(terrain).item() == 0
    terrain[0, 0, 3, 4] = 0.5  # the lowest neighbour lies at 3
    assert pits(terrain).item() == pytest.approx(2.5 / (2 * 4 * 6))
    terrain.requires_grad_()
    pits(terrain).backward()
    assert terrain.grad is not None
    assert terrain.grad[0, 0, 3, 4] < 0  # raising it mends it


def test_water_that_climbs_is_counted_by_its_climb() -> None:
    course = torch.tensor([[[0, 7], [0, 5], [0, 6]], [[0, 7], [1, 3], [2, 0]]])
    assert downhill(plane(2.0), course).item() == pytest.approx(2.0 / 4)


def test_tissues_owe_their_order_and_their_range() -> None:
    image = torch.tensor([[[[-1000.0, -100.0, 50.0, 40.0]]], [[[60.0, 60.0, 10.0, 500.0]]]])
    tissue = torch.tensor([[[[0, 1, 2, 2]]], [[[1, 1, 2, 3]]]])
    assert density_order(image[:1], tissue[:1], (0, 1, 2, 3)).item() == 0
    assert density_order(image, tissue, (0, 1, 2, 3)).item() == pytest.approx(50 / 2)
    assert density_order(image[:1], tissue[:1], (0, 1, 2), margin=200.0).item() == pytest.approx(200 - 145)
    ranges = {1: (-120.0, -90.0), 2: (35.0, 55.0)}
    assert density_range(image[:1], tissue[:1], ranges).item() == 0
    assert density_range(image[1:], tissue[1:], ranges).item() == pytest.approx((150 + 150 + 25) / 3)
