"""LAPGAN: the pyramid and its inverse, levels that are games of their own, and noise for each of them."""

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.lapgan import LAPGAN, pyramid, rebuilt

TINY = {"latent": 4, "levels": 1, "width": 2, "generator_units": [8], "critic_units": [8], "dropout": 0.0}
SMALL = LAPGAN(latent=4, width=2, generator_units=(8,), critic_units=(8,))


def test_a_pyramid_and_its_inverse_give_the_image_back() -> None:
    images = torch.rand(3, 2, 16, 24)
    parts = pyramid(images, 2)
    assert [tuple(part.shape[2:]) for part in parts] == [(16, 24), (8, 12), (4, 6)]
    assert torch.allclose(rebuilt(parts), images, atol=1e-6)


def test_without_details_a_sample_is_its_coarse_image_doubled() -> None:
    nets = SMALL.networks(DataSpec.of((1, 16, 16)))
    for level in nets.generator.details:
        torch.nn.init.zeros_(level[-1].weight)
        torch.nn.init.zeros_(level[-1].bias)
    latents = SMALL.latents(nets, 2, 0)
    assert latents.shape == (2, 4 + 256 + 64)
    first, maps = nets.generator.cut(latents)
    coarse = nets.generator.coarse(first)
    assert [tuple(each.shape) for each in maps] == [(2, 1, 16, 16), (2, 1, 8, 8)]
    assert torch.allclose(nets.generator(latents), rebuilt([torch.zeros(1), torch.zeros(1), coarse]))


def test_each_level_has_losses_of_its_own_and_teaches_no_other() -> None:
    torch.manual_seed(0)
    nets = SMALL.networks(DataSpec.of((1, 16, 16)))
    critic, generator = play(SMALL, nets, HandDraw(torch.rand(4, 1, 16, 16) * 2 - 1))
    assert list(generator.losses) == ["fake_16", "fake_8", "fake_4"]
    assert set(critic.losses) == {f"{name}_{side}" for name in ("real", "fake") for side in (16, 8, 4)}
    own = list(nets.generator.details[0].parameters())
    *_, generator = SMALL.train_step(nets, HandDraw(torch.rand(4, 1, 16, 16)), Clock())
    slopes = torch.autograd.grad(generator.losses["fake_8"], own, allow_unused=True)
    assert all(slope is None for slope in slopes)


def test_a_side_that_cannot_be_halved_so_often_is_refused() -> None:
    with pytest.raises(ConfigError, match="fewer --levels"):
        SMALL.networks(DataSpec.of((1, 18, 18)))
