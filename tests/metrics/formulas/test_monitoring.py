"""Cheap figures of samples: values worked by hand, and what each sees and does not see."""

from __future__ import annotations

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.monitoring import apart, diversity, known, memory, rows


def cloud(seed: int, n: int = 64, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)) * scale + shift


def test_images_are_averaged_down_and_points_left() -> None:
    image = torch.arange(2 * 32 * 32.0).reshape(1, 2, 32, 32)
    assert rows(image).shape == (1, 2 * 16 * 16)
    assert rows(image)[0, 0] == image[0, 0, :2, :2].mean()
    assert rows(torch.ones(3, 1, 8, 8)).shape == (3, 64)
    assert rows(torch.ones(3, 5)).shape == (3, 5)


def test_diversity_is_one_for_equal_distributions_and_scales_with_the_spread() -> None:
    assert diversity(cloud(0), cloud(1)) == pytest.approx(1, abs=0.1)
    assert diversity(cloud(0), cloud(0) / 2) == pytest.approx(0.5)


def test_two_modes_are_no_diversity_however_far_they_lie_apart() -> None:
    two = torch.tensor([[-9.0] * 8, [9.0] * 8]).repeat(32, 1)
    assert diversity(cloud(0), two) == 0
    many = cloud(2, n=16).repeat(4, 1)  # each of sixteen images four times: five pairs in a hundred are copies
    assert diversity(cloud(0), many) > 0.8


def test_energy_distance_is_nothing_between_equals_and_all_between_points_far_apart() -> None:
    assert apart(cloud(0), cloud(1)) == pytest.approx(0, abs=0.02)
    assert apart(cloud(0), cloud(1, shift=1e4)) == pytest.approx(1, abs=1e-3)
    real, fake = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0], [4.0]])
    assert apart(real, fake) == pytest.approx(1 - 1 / 3)  # 1 within each, 3 across on average
    with pytest.raises(ShapeError):
        apart(real, torch.ones(2, 2))


def test_a_critic_knows_what_it_rates_higher() -> None:
    assert known(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 2.5])) == 0.75
    assert known(torch.ones(3), torch.ones(2)) == 0.5


def test_memory_is_the_share_of_the_lead_that_is_lost() -> None:
    assert memory(torch.tensor([3.0, 5.0]), torch.tensor([3.0]), torch.tensor([0.0])) == pytest.approx(0.25)
    assert memory(torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([2.0])) == 0
