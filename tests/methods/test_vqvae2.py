"""VQ-VAE-2: fine codes are made beside the coarse ones, and both the decoder and the fine prior see the coarse."""

from dataclasses import replace

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.autoencoder.vqvae2 import VQVAE2
from saddlepoint.methods.base import Networks

TINY = {
    "codes": 6,
    "dim": 3,
    "width": 8,
    "narrow": 4,
    "blocks": 1,
    "prior_width": 8,
    "prior_blocks": 2,
    "shape": (1, 16, 16),
}
METHOD = VQVAE2(codes=6, dim=3, width=8, narrow=4, blocks=1, prior_width=8, prior_blocks=2)


@pytest.fixture
def nets() -> Networks:
    torch.manual_seed(0)
    made = METHOD.networks(DataSpec.of((1, 16, 16))).eval()
    with torch.no_grad():
        for name in ("top_prior", "bottom_prior"):
            for parameter in made.get_submodule(name).parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def test_the_maps_are_an_eighth_and_a_quarter_of_the_side(nets: Networks) -> None:
    top, bottom = METHOD.quantise(nets, torch.randn(2, 1, 16, 16))
    assert top.codes.shape == (2, 1, 2, 2)
    assert bottom.codes.shape == (2, 1, 4, 4)
    assert METHOD.latents(nets, 3, 0).shape == (3, 20)


def test_the_decoder_sees_both_maps_and_the_fine_one_the_coarse(nets: Networks) -> None:
    image = torch.randn(4, 1, 16, 16)
    values = tuple(each.values for each in METHOD.quantise(nets, image))
    whole = METHOD.decode(nets, values)
    for place in range(2):
        mixed = [each + 0.5 if number == place else each for number, each in enumerate(values)]
        assert (METHOD.decode(nets, tuple(mixed)) - whole).abs().amax((1, 2, 3)).min() > 1e-2
    before = METHOD.quantise(nets, image)[1].codes
    nets.top.start(nets.top.codes * 30)
    assert not torch.equal(METHOD.quantise(nets, image)[1].codes, before)


def test_the_likelihood_of_codes_is_that_of_the_coarse_and_of_the_fine_given_them(nets: Networks) -> None:
    top, bottom = torch.randint(6, (3, 1, 2, 2)), torch.randint(6, (3, 1, 4, 4))
    given = nets.top.look(top).repeat_interleave(2, 2).repeat_interleave(2, 3)
    logs = [
        prior.log_softmax(1).gather(1, codes[:, None]).sum((1, 2, 3, 4))
        for prior, codes in ((nets.top_prior(top), top), (nets.bottom_prior(bottom, None, given), bottom))
    ]
    assert torch.allclose(METHOD.log_codes(nets, (top, bottom), None), sum(logs), atol=1e-4)
    other = METHOD.log_codes(nets, (top.roll(1, 0), bottom), None) - METHOD.log_codes(nets, (top, bottom), None)
    assert other.abs().max() > 1e-3


def test_an_image_is_made_again_from_its_latents_as_from_its_codes(nets: Networks) -> None:
    images = torch.rand(3, 1, 16, 16) * 2 - 1
    again = METHOD.generate(nets, METHOD.encode(nets, images))
    assert torch.allclose(again, METHOD.reconstruct(nets, images), atol=1e-5)


def test_in_training_a_share_of_images_is_made_from_coarse_codes_alone(nets: Networks) -> None:
    method = replace(METHOD, coarse_alone=0.5)
    top, bottom = (each.values for each in METHOD.quantise(nets, torch.randn(32, 1, 16, 16)))
    alone, whole = METHOD.decode(nets, (top, 0 * bottom)), METHOD.decode(nets, (top, bottom))
    assert torch.equal(method.decode(nets, (top, bottom)), whole)
    trained = method.decode(nets.train(), (top, bottom))
    kinds = [(trained - each).abs().amax((1, 2, 3)) < 1e-5 for each in (alone, whole)]
    assert bool((kinds[0] ^ kinds[1]).all())
    assert 4 < int(kinds[0].sum()) < 28
