"""The divergence of codes from their prior: its parts sum to it, and their estimates are those of the formulas."""

import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from saddlepoint.losses.divergence import exact, kl_to_prior, log_normal, parts, stratified, weighted


def codes(count: int = 64, latent: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Codes drawn for as many images, with the mean and log-variance of each."""
    mean, log_variance = torch.randn(count, latent), torch.randn(count, latent) - 1
    return mean + (log_variance / 2).exp() * torch.randn(count, latent), mean, log_variance


def test_the_divergence_is_that_of_the_two_normal_distributions() -> None:
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    wanted = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0, 1)).sum(1)
    assert torch.allclose(kl_to_prior(mean, log_variance), wanted, atol=1e-6)
    assert kl_to_prior(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


@pytest.mark.parametrize("weights", [exact(64), weighted(64, 1000), stratified(64, 1000)])
def test_the_three_parts_sum_to_the_divergence_of_the_drawn_codes(weights: Tensor) -> None:
    z, mean, log_variance = codes()
    wanted = (log_normal(z, mean, log_variance) - log_normal(z)).sum(1).mean()
    assert sum(parts(z, mean, log_variance, weights)).item() == pytest.approx(wanted.item(), abs=1e-4)


def test_over_many_draws_they_sum_to_the_closed_form() -> None:
    mean, log_variance = torch.randn(64, 3), torch.randn(64, 3) - 1
    sums = []
    for _ in range(200):
        z = mean + (log_variance / 2).exp() * torch.randn(64, 3)
        sums.append(sum(parts(z, mean, log_variance, exact(64))))
    assert torch.stack(sums).mean().item() == pytest.approx(kl_to_prior(mean, log_variance).mean().item(), rel=0.02)


def test_the_total_correlation_of_a_normal_distribution_is_that_of_its_correlations() -> None:
    torch.manual_seed(0)
    wide = torch.tensor([[1.0, 0.6, 0.0], [0.6, 1.0, 0.3], [0.0, 0.3, 1.0]])
    narrow = 0.15  # of each posterior; their mixture has both variances
    mean = torch.randn(4000, 3) @ torch.linalg.cholesky(wide).T
    z = mean + math.sqrt(narrow) * torch.randn(4000, 3)
    found = parts(z, mean, torch.full_like(mean, math.log(narrow)), exact(4000)).total_correlation
    whole = wide + narrow * torch.eye(3)
    deviation = whole.diagonal().sqrt()
    wanted = -0.5 * torch.logdet(whole / deviation[:, None] / deviation)
    assert found.item() == pytest.approx(wanted.item(), abs=0.03)


@pytest.mark.parametrize(("batch", "examples"), [(2, 7), (5, 7), (7, 7), (9, 7)])
def test_stratified_weights_have_the_own_image_on_the_diagonal_and_sum_to_one(batch: int, examples: int) -> None:
    weights, total = stratified(batch, examples).exp(), max(batch, examples)
    assert torch.allclose(weights.sum(1), torch.ones(batch))
    assert torch.allclose(weights.diagonal(), torch.full((batch,), 1 / total))


def test_over_all_batches_stratified_weights_give_the_exact_mixture() -> None:
    mean, log_variance = torch.randn(6, 2, dtype=torch.double), torch.randn(6, 2, dtype=torch.double)
    z = torch.randn(2, dtype=torch.double)
    densities = log_normal(z, mean, log_variance).sum(1).exp()
    estimates = []
    for others in itertools.permutations(range(1, 6), 3):
        row = stratified(4, 6)[0].double().exp()
        estimates.append((row * densities[[0, *others]]).sum())
    assert torch.stack(estimates).mean().item() == pytest.approx(densities.mean().item(), rel=1e-6)


def test_weighted_sampling_is_biased_by_a_constant_without_gradient() -> None:
    z, mean, log_variance = codes()
    z.requires_grad_()
    one, other = (parts(z, mean, log_variance, weights).total_correlation for weights in (exact(64), weighted(64, 64)))
    assert (other - one).item() == pytest.approx(2 * math.log(64), abs=1e-4)  # (latent - 1) log N
    gradients = [torch.autograd.grad(each, z)[0] for each in (one, other)]
    assert torch.allclose(*gradients, atol=1e-6)


def test_an_estimate_below_nought_stays_there() -> None:
    torch.manual_seed(0)
    found = [parts(*codes(8, 2), stratified(8, 10_000)).total_correlation.item() for _ in range(50)]
    assert min(found) < 0
