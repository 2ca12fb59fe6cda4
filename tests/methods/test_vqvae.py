"""VQ-VAE: gradients past the codes, the bound as the sum of its two parts, samples from uniform numbers and back."""

import itertools

import pytest
import torch
from drive import HandDraw

from games import pictures, trainer
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.losses.discretised_gaussian import discretised_gaussian
from saddlepoint.methods.abilities import Embeds, HasLikelihood, LatentSpace, Reconstructs, Samples, by_label
from saddlepoint.methods.autoencoder.vqvae import VQVAE
from saddlepoint.methods.base import Clock, Closed, Networks
from saddlepoint.methods.families.quantised import drawn
from saddlepoint.metrics.likelihoods import stored_for
from saddlepoint.nn.backbones.code_prior import CodePrior

TINY = {"codes": 6, "dim": 3, "width": 8, "narrow": 4, "blocks": 1, "prior_width": 8, "prior_blocks": 2}
SIZES = {"dim": 3, "width": 8, "narrow": 4, "blocks": 1, "prior_width": 8, "prior_blocks": 2}


def stirred(method: VQVAE, side: int = 8, classes: tuple[str, ...] = ()) -> Networks:
    """New networks, whose prior says more of some codes than of others."""
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of((1, side, side), classes)).eval()
    with torch.no_grad():
        for parameter in nets.codebook_prior.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return nets


def test_the_encoder_learns_from_the_decoder_and_the_codes_from_means() -> None:
    method, image = VQVAE(codes=6, **SIZES), torch.rand(4, 1, 8, 8) * 2 - 1
    nets = stirred(method)
    (updates,) = method.train_step(nets, HandDraw(image), Clock(total=100))
    assert [update.group for update in updates] == ["autoencoder", "codebook", "prior"]
    updates[0].losses["reconstruction"].backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in nets.encoder.parameters())
    assert isinstance(method.optimisers()["codebook"], Closed)
    assert "codebook" not in VQVAE(levels=(4, 4)).optimisers()
    frozen = next(method.train_step(nets, HandDraw(image), Clock(examples=60, total=100)))
    assert [update.group for update in frozen] == ["prior"]


@pytest.mark.parametrize("settings", [{"codes": 3, "rounds": 2}, {"levels": (3, 2)}])
def test_the_priors_probabilities_of_all_maps_sum_to_one(settings: dict) -> None:
    method = VQVAE(**{**SIZES, **settings})
    nets = stirred(method)
    depth, size = nets.codebook.depth, nets.codebook.size
    every = torch.tensor(list(itertools.product(range(size), repeat=depth * 4))).view(-1, depth, 2, 2)
    with torch.no_grad():
        assert method.log_codes(nets, (every,), None).double().exp().sum().item() == pytest.approx(1, abs=1e-4)


def test_a_code_hears_all_codes_before_it_and_none_after_and_all_of_what_is_given() -> None:
    torch.manual_seed(0)
    prior = CodePrior(5, (2, 3, 3), 8, 3, map_channels=2).double()
    codes, maps = torch.randint(5, (20, 2, 3, 3)), torch.randn(20, 2, 3, 3, requires_grad=True, dtype=torch.double)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    whole = prior(codes, None, maps)
    order = [(turn, row, column) for row in range(3) for column in range(3) for turn in range(2)]
    for number, place in enumerate(order):
        other = codes.clone()
        other[:, *place] = (other[:, *place] + 1) % 5
        moved = (prior(other, None, maps) - whole).abs().amax((0, 1)) > 1e-9
        assert [bool(moved[each]) for each in order] == [False] * (number + 1) + [True] * (17 - number)
    (slope,) = torch.autograd.grad(whole[:, :, 1, 1, 1].sum(), maps)
    assert slope[:, :, 1, 1].all()  # of its own place, before the code there is known


def test_codes_are_drawn_from_the_prior_by_the_inverse_of_its_distribution() -> None:
    nets = stirred(VQVAE(codes=4, **SIZES), side=4)
    with torch.no_grad():
        uniform = (torch.arange(1000) + 0.5).view(-1, 1, 1, 1) / 1000
        often = torch.bincount(drawn(nets.codebook_prior, uniform, None, None).flatten(), minlength=4) / 1000
        shares = nets.codebook_prior(torch.zeros(1, 1, 1, 1).long()).softmax(1).flatten()
    assert torch.allclose(often, shares, atol=2e-3)


@pytest.mark.parametrize("settings", [{"codes": 6}, {"codes": 6, "rounds": 2}, {"levels": (5, 3)}])
def test_an_image_is_made_again_from_its_latents_as_from_its_codes(settings: dict) -> None:
    method = VQVAE(**{**SIZES, **settings})
    nets, images = stirred(method), torch.rand(3, 1, 8, 8) * 2 - 1
    for ability in (Samples, Reconstructs, HasLikelihood, Embeds):
        assert isinstance(method, ability)
    assert not isinstance(method, LatentSpace)  # between two uniform numbers lies any code
    latents = method.encode(nets, images)
    assert latents.shape == method.latents(nets, 3, 0).shape
    assert torch.allclose(method.generate(nets, latents), method.reconstruct(nets, images), atol=1e-5)


def test_the_bound_is_that_of_the_codes_and_of_the_image_given_them() -> None:
    method = VQVAE(codes=6, **SIZES)
    nets, image = stirred(method), (torch.rand(3, 1, 8, 8) * 255).round() / 127.5 - 1
    nets.error.value.fill_(0.04)
    with torch.no_grad():
        (found,) = method.quantise(nets, image)
        codes = method.log_codes(nets, (found.codes,), None)
        pixels = discretised_gaussian(image, nets.decoder(found.values), 0.2)
    assert torch.allclose(method.log_likelihood(nets, image, 1, 0), codes + pixels, atol=1e-4)
    assert (method.log_likelihood(nets, image, 1, 0) < 0).all()
    with pytest.raises(CapabilityError, match="256 levels"):
        method.log_likelihood(nets, image + 0.003, 1, 0)


def test_by_class_the_prior_hears_the_class_and_needs_one() -> None:
    method = VQVAE(codes=6, by_class=True, **SIZES)
    assert method.takes is LabelledBatch
    assert VQVAE().takes is not LabelledBatch
    nets, codes = stirred(method, classes=("a", "b")), torch.zeros(1, 1, 2, 2).long()
    one, other = (method.log_codes(nets, (codes,), torch.tensor([k])) for k in range(2))
    assert one != other
    image = torch.zeros(1, 1, 8, 8).sub(1)
    latents = method.latents(nets, 2, 0)
    assert method.generate(nets, latents, by_label(torch.tensor([0, 1]))).shape == (2, 1, 8, 8)
    assert method.log_likelihood(nets, image, 1, 0).shape == (1,)
    with pytest.raises(CapabilityError, match="give a label"):
        method.generate(nets, latents)
    with pytest.raises(ConfigError, match="no labels to hear"):
        method.networks(DataSpec.of((1, 8, 8)))


def test_a_class_conditional_one_trains_on_labelled_images_and_codes_begin_among_them() -> None:
    method = VQVAE(codes=6, by_class=True, **SIZES)
    run = trainer(method, pictures(), examples=32, takes=method.takes)
    run.fit()
    assert run.nets.codebook_prior.classes == 3
    assert run.nets.codebook.share.max() < 0.9


def test_sizes_and_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="--resolution 8"):
        VQVAE(halvings=3).networks(DataSpec.of((1, 12, 12)))
    with pytest.raises(ConfigError, match="leave rounds at 1"):
        VQVAE(levels=(4, 4), rounds=2)
    with pytest.raises(ConfigError, match="2 or more"):
        VQVAE(levels=(4, 1))


def test_its_bound_is_of_bytes_whatever_the_levels_of_its_codes() -> None:
    images = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).numpy()
    stored, pixels_as = stored_for(VQVAE(levels=(4, 4, 4)), images, 0)
    assert pixels_as == "256 levels"
    assert (stored == images).all()
