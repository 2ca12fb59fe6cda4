"""FVBN: probabilities that sum to 1, no look ahead, and images that are a map from noise."""

import itertools
import math

import pytest
import torch
from densities import dependence, moved, total, walked

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.abilities import Completes, HasLikelihood, LatentSpace, Sampling, likelihood_unit
from saddlepoint.methods.autoregressive.fvbn import FVBN
from saddlepoint.methods.families.sampled import inverse, level_value, nearest_level

METHOD = FVBN()


def test_the_probabilities_of_all_images_sum_to_one() -> None:
    nets = moved(METHOD.networks(DataSpec.of((1, 2, 5))))
    assert total(METHOD, nets, (1, 2, 5)) == pytest.approx(1, abs=1e-9)


def test_a_pixel_depends_on_exactly_those_before_it() -> None:
    nets = moved(METHOD.networks(DataSpec.of((1, 3, 4))))
    seen = dependence(nets.network, torch.randn(1, 1, 3, 4)).view(12, 12)
    assert torch.equal(seen, torch.ones(12, 12, dtype=torch.bool).tril(-1))


def test_a_walk_adds_up_to_the_likelihood_of_a_whole_pass() -> None:
    nets, image = moved(METHOD.networks(DataSpec.of((1, 4, 4)))), torch.randn(6, 1, 4, 4).sign()
    found, order = walked(METHOD, nets, image)
    assert order == list(range(16))
    assert torch.allclose(found, METHOD.log_probability(nets, image), atol=1e-4)


def test_samples_have_the_distribution_that_the_model_states() -> None:
    nets = moved(METHOD.networks(DataSpec.of((1, 1, 3))), scale=1.5)
    made = METHOD.generate(nets, METHOD.latents(nets, 20_000, 0)).view(-1, 3)
    for pattern in itertools.product((-1.0, 1.0), repeat=3):
        share = (made == torch.tensor(pattern)).all(1).float().mean().item()
        stated = METHOD.log_probability(nets, torch.tensor(pattern).view(1, 1, 1, 3)).exp().item()
        assert share == pytest.approx(stated, abs=0.015)


def test_the_inverse_is_that_of_the_distribution_function() -> None:
    logs = torch.tensor([[0.1, 0.6, 0.3]]).log().expand(5, 3)
    places = torch.tensor([0.0, 0.0999, 0.11, 0.69, 0.71])
    assert inverse(logs, places).tolist() == [0, 0, 1, 1, 2]
    assert inverse(logs, places, 0).tolist() == [1] * 5
    cold = inverse(logs[:1].expand(1000, 3), torch.arange(1000) / 1000, 0.5)  # shares of the squares
    assert cold.bincount().tolist() == pytest.approx([21.7, 782.6, 195.7], abs=1.5)
    levels = torch.arange(4)
    assert torch.equal(nearest_level(level_value(levels, 4), 4), levels)


def test_given_pixels_stay_and_those_after_them_follow() -> None:
    nets = moved(METHOD.networks(DataSpec.of((1, 4, 4))))
    with torch.no_grad():
        nets.network.layer.weight.fill_(8.0)
        nets.network.layer.bias.fill_(-4.0)  # white if any before it is
    latents = METHOD.latents(nets, 40, 0)
    image, mask = torch.ones(40, 1, 4, 4), torch.zeros(40, 1, 4, 4)
    mask[:, :, 1] = 1
    made = METHOD.generate(nets, latents, Sampling({"image": image, "mask": mask}))
    assert (made[:, :, 1:] == 1).float().mean() > 0.99
    assert torch.equal(made[:, :, 0], METHOD.generate(nets, latents)[:, :, 0])  # blind to what comes after
    half = METHOD.generate(nets, latents, Sampling({"image": -image}))
    assert (half[:, :, :2] == -1).all()
    with pytest.raises(CapabilityError, match="give the image as well"):
        METHOD.generate(nets, latents, Sampling({"mask": mask}))


def test_its_likelihood_is_exact_and_of_binary_pixels() -> None:
    nets = METHOD.networks(DataSpec.of((1, 4, 4)))
    assert isinstance(METHOD, HasLikelihood)
    assert isinstance(METHOD, Completes)
    assert not isinstance(METHOD, LatentSpace)
    assert likelihood_unit(METHOD) == "nats (exact, binary pixels)"
    image = torch.randn(3, 1, 4, 4).sign()
    assert METHOD.log_likelihood(nets, image, 1, 0).tolist() == pytest.approx([-16 * math.log(2)] * 3)
    with pytest.raises(CapabilityError, match="black and white pixels"):
        METHOD.log_likelihood(nets, image / 2, 1, 0)
    with pytest.raises(ConfigError, match="makes images"):
        METHOD.networks(DataSpec.of((2,)))
