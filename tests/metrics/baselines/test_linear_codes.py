"""Probabilistic PCA: its density is that of its own covariance, and its posterior that of Bayes."""

import torch
from torch.distributions import MultivariateNormal

from saddlepoint.metrics.baselines.linear_codes import LinearCodes


def test_the_codes_are_those_of_bayes_and_the_covariance_that_of_the_data_in_the_components() -> None:
    torch.manual_seed(0)
    images = (torch.randn(500, 6) @ torch.randn(6, 6)).view(500, 1, 2, 3)
    linear = LinearCodes(images, 2)
    covariance = linear.weight @ linear.weight.T + linear.noise * torch.eye(6)
    data = torch.cov(images.flatten(1).double().T, correction=0)
    values, own = torch.linalg.eigvalsh(data).flip(0), torch.linalg.eigvalsh(covariance).flip(0)
    assert torch.allclose(values[:2], own[:2])
    assert torch.allclose(values[2:].mean(), own[2])
    mean, log_variance = linear.posterior(images[:3])
    x = images[:3].flatten(1).double() - linear.mean
    gain = linear.weight.T @ torch.linalg.inv(covariance)
    assert torch.allclose(mean.double(), x @ gain.T, atol=1e-5)
    left = torch.eye(2) - gain @ linear.weight
    assert torch.allclose(left.diagonal().log().float(), log_variance[0], atol=1e-5)
    assert left[0, 1].abs() < 1e-8
    every, nothing = images.flatten(1).double() - linear.mean, torch.zeros(6).double()
    best = MultivariateNormal(nothing, covariance).log_prob(every).mean()
    for other in (covariance + 0.2 * torch.eye(6), covariance * 0.9, data.diagonal().diag()):
        assert best > MultivariateNormal(nothing, other).log_prob(every).mean()
    assert linear.decode(mean).shape == (3, 1, 2, 3)
