"""The normal distribution cut into levels: its probabilities sum to one and are those of scipy."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from saddlepoint.losses.discretised_gaussian import discretised_gaussian


@pytest.mark.parametrize("mean", [-1.5, -0.2, 0.0, 0.99, 3.0])
@pytest.mark.parametrize("deviation", [0.01, 0.3, 5.0])
def test_the_levels_of_a_pixel_sum_to_one(mean: float, deviation: float) -> None:
    every = torch.linspace(-1, 1, 256, dtype=torch.double)[:, None]
    logs = discretised_gaussian(every, torch.full_like(every, mean), deviation)
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-6)
    assert bool(torch.isfinite(logs).all())


def test_each_level_has_what_lies_within_half_a_step() -> None:
    image = torch.linspace(-1, 1, 256, dtype=torch.double)[[100, 128, 200]][:, None]
    logs = discretised_gaussian(image, torch.full_like(image, 0.1), 0.2)
    x = image.squeeze(1).numpy()
    wanted = np.log(norm.cdf(x + 1 / 255, 0.1, 0.2) - norm.cdf(x - 1 / 255, 0.1, 0.2))
    np.testing.assert_allclose(logs.numpy(), wanted, atol=1e-6)


def test_pixels_far_from_the_mean_keep_a_finite_gradient() -> None:
    mean = torch.full((1, 3), -0.9, requires_grad=True)
    discretised_gaussian(torch.tensor([[0.9, 1.0, -1.0]]).mul(255).round().div(255), mean, 0.02).sum().backward()
    assert mean.grad is not None
    assert bool(torch.isfinite(mean.grad).all())
