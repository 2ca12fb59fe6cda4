"""Likelihoods of pixels: probabilities that sum to 1, the published constants, and nats that become bits."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical

from saddlepoint.errors import ShapeError
from saddlepoint.losses.likelihood import (
    bernoulli,
    bits_per_dim,
    categorical,
    dequantise,
    discretised_logistic_mixture,
    discretised_logistic_parameters,
    draw_discretised_logistic_mixture,
    mixture_width,
    quantised_bound,
)


def test_black_and_white_and_levels_are_summed_over_an_image() -> None:
    image, logits = torch.randn(3, 2, 4, 4).sign(), torch.randn(3, 2, 4, 4)
    wanted = Bernoulli(logits=logits).log_prob((image + 1) / 2).sum((1, 2, 3))
    assert torch.allclose(bernoulli(image, logits), wanted, atol=1e-5)
    levels, logits = torch.randint(5, (3, 4, 4)), torch.randn(3, 5, 4, 4)
    wanted = Categorical(logits=logits.movedim(1, -1)).log_prob(levels).sum((1, 2))
    assert torch.allclose(categorical(levels, logits), wanted, atol=1e-5)
    with pytest.raises(ShapeError, match="one shape"):
        bernoulli(image, logits)
    with pytest.raises(ShapeError, match="need logits"):
        categorical(levels, logits[:, :, 1:])


def grey(levels: int) -> torch.Tensor:
    """Each level as an image of one pixel.  [levels, 1, 1, 1]"""
    return torch.linspace(-1, 1, levels, dtype=torch.float64).view(-1, 1, 1, 1)


@pytest.mark.parametrize("levels", [4, 256])
def test_the_probabilities_of_all_levels_sum_to_one(levels: int) -> None:
    parameters = 3 * torch.randn(1, mixture_width(3, 1), 1, 1, dtype=torch.float64).expand(levels, -1, -1, -1)
    total = discretised_logistic_mixture(grey(levels), parameters, levels).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-9)  # also of narrow ones between two levels


def test_the_probabilities_of_all_colours_sum_to_one() -> None:
    axis = grey(4).flatten()
    colours = torch.cartesian_prod(axis, axis, axis).view(-1, 3, 1, 1)
    parameters = torch.randn(1, mixture_width(2, 3), 1, 1, dtype=torch.float64).expand(64, -1, -1, -1)
    assert discretised_logistic_mixture(colours, parameters, 4).exp().sum().item() == pytest.approx(1, abs=1e-9)


def test_the_width_is_that_of_the_paper_and_others_are_refused() -> None:
    assert mixture_width(10, 3) == 100
    assert mixture_width(10, 1) == 30
    with pytest.raises(ShapeError, match="no multiple of 10"):
        discretised_logistic_parameters(torch.zeros(1, 99, 2, 2), 3)


def one_logistic(mean: float, log_scale: float) -> torch.Tensor:
    return torch.tensor([0.0, mean, log_scale], dtype=torch.float64).view(1, 3, 1, 1)


def test_the_constants_are_those_of_the_published_code() -> None:
    x = grey(256)[100:101]
    sharp = discretised_logistic_mixture(x, one_logistic(x.item(), -30.0))  # log-scales stop at -7
    assert sharp.item() == pytest.approx(math.log(2 / (1 + math.exp(-math.exp(7) / 255)) - 1), rel=1e-6)
    far = discretised_logistic_mixture(x, one_logistic(0.9, -5.0))  # exact, where theirs is density times width
    upper, bin_width = (x.item() - 0.9 + 1 / 255) * math.exp(5), 2 / 255 * math.exp(5)
    assert far.item() == pytest.approx(upper + math.log1p(-math.exp(-bin_width)), rel=1e-9)
    edge = discretised_logistic_mixture(-torch.ones_like(x), one_logistic(-5.0, 0.0))  # all below -1 is black
    assert edge.item() == pytest.approx(-math.log1p(math.exp(-(4 + 1 / 255))), rel=1e-6)


def test_gradients_are_finite_however_unlikely_a_pixel_is() -> None:
    parameters = one_logistic(0.9, -7.0).float().requires_grad_()
    discretised_logistic_mixture(torch.tensor(-0.9).view(1, 1, 1, 1), parameters).sum().backward()
    assert torch.isfinite(parameters.grad).all()


def test_draws_have_the_stated_probabilities_and_channels_follow_one_another() -> None:
    torch.manual_seed(0)
    axis = grey(3).float().flatten()
    parameters = torch.randn(1, mixture_width(2, 2), 1, 1)
    colours = torch.cartesian_prod(axis, axis).view(-1, 2, 1, 1)
    wanted = discretised_logistic_mixture(colours, parameters.expand(9, -1, -1, -1), 3).exp()
    n = 200_000
    draws = draw_discretised_logistic_mixture(parameters.expand(n, -1, -1, -1), torch.rand(n, 3, 1, 1), 3)
    found = (draws == colours.view(9, 1, 2, 1, 1)).all(2).float().mean((1, 2, 3))
    assert torch.allclose(found, wanted, atol=4e-3)


def test_a_level_keeps_its_bin_and_there_are_as_many_bins_as_levels() -> None:
    image = grey(256)
    for uniform in (0.0, 0.5, 1 - 1e-9):
        cube = dequantise(image, torch.full_like(image, uniform))
        assert torch.equal((cube * 256).floor().flatten(), torch.arange(256.0).double())
    assert dequantise(image, torch.full_like(image, 1 - 1e-9)).max() < 1


def test_an_even_density_says_eight_bits_a_number_and_a_point_within_its_bin_none() -> None:
    nats = quantised_bound(torch.zeros(2), 12)
    assert bits_per_dim(nats, 12).tolist() == pytest.approx([8, 8])
    nats = quantised_bound(torch.full((2,), 12 * math.log(256)), 12)
    assert bits_per_dim(nats, 12).tolist() == pytest.approx([0, 0])
