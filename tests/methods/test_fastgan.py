"""FastGAN: the authors' networks to the number, what gates what, the margin, what is redrawn, DiffAugment by hand."""

from itertools import pairwise

import pytest
import torch
from drive import HandDraw, count, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Networks
from saddlepoint.methods.gan.fastgan import FastGAN
from saddlepoint.nn.backbones.fastgan import Excitation, quarter
from saddlepoint.nn.layers.augment.differentiable import augmented

TINY = {"latent": 8, "generator_width": 4, "critic_width": 4, "shape": (1, 16, 16)}


def tiny(side: int = 16, **settings: object) -> tuple[FastGAN, Networks]:
    torch.manual_seed(0)
    method = FastGAN(**{"latent": 8, "generator_width": 4, "critic_width": 4, **settings})
    return method, method.networks(DataSpec.of((3, side, side)))


def test_the_networks_for_256_pixels_have_the_widths_of_the_authors_code() -> None:
    with torch.device("meta"):
        nets = FastGAN().networks(DataSpec.of((3, 256, 256)))
    wide = [1024, 512, 256, 128, 128, 64, 32]  # at 4, 8 ... 256
    up = 256 * 2 * wide[0] * 16 + 2 * 2 * wide[0]
    for number, (inputs, outputs) in enumerate(pairwise(wide)):
        up += inputs * 2 * outputs * 9 + 2 * 2 * outputs
        up += (2 + 2 * outputs * outputs * 9 + 4 * outputs) if number % 2 == 0 else 0
    gates = sum(low * high * 16 + high * high for low, high in ((1024, 128), (512, 64), (256, 32)))
    assert count(nets.generator) == up + gates + 32 * 3 * 9 + 64 * 3
    assert nets.critic.stem[0].in_channels == 3
    assert [halving.main[0].out_channels for halving in nets.critic.halvings.values()] == [64, 128, 256, 512, 1024]
    assert [halving.main[0].out_channels for halving in nets.critic.small_halvings] == [128, 256, 512, 1024]


def test_a_closed_gate_leaves_nothing_and_an_undecided_one_half() -> None:
    gate = Excitation(2, 3)
    torch.nn.init.zeros_(gate.gate[3].weight)
    high = torch.randn(2, 3, 8, 8)
    assert torch.allclose(gate(torch.randn(2, 2, 4, 4), high), high / 2)


@pytest.mark.parametrize("side", [16, 32, 64])
def test_both_images_and_all_logits_have_their_sizes(side: int) -> None:
    _, nets = tiny(side)
    images, small = nets.generator.both(torch.randn(2, 8))
    assert (images.shape, small.shape) == ((2, 3, side, side), (2, 3, side // 2, side // 2))
    judged = nets.critic(images, small)
    assert judged.logits.shape == (2, 25 if side == 16 else 50)
    assert (judged.coarse.shape[-1], judged.fine.shape[-1]) == (8, 16)


@pytest.mark.parametrize(("side", "offered"), [(8, 16), (48, 32), (2048, 1024)])
def test_other_sides_are_refused_with_one_that_works(side: int, offered: int) -> None:
    with pytest.raises(ConfigError, match=f"not {side}. Use --resolution {offered}"):
        FastGAN().networks(DataSpec.of((3, side, side)))


def test_a_critic_that_says_nothing_pays_the_margin_of_about_nine_tenths() -> None:
    method, nets = tiny(reconstruction=0.0, augment=False)
    nets.critic.head[3] = torch.nn.Conv2d(32, 1, 4, bias=False)
    torch.nn.init.zeros_(nets.critic.head[3].weight)
    critic, generator = play(method, nets, HandDraw(torch.zeros(4, 3, 16, 16)))
    assert [loss.item() for loss in critic.losses.values()] == pytest.approx([0.9, 0.9], abs=0.03)
    assert min(loss.item() for loss in critic.losses.values()) >= 0.8
    assert generator.losses["fake"].item() == pytest.approx(0, abs=1e-6)


def test_quarters_are_those_of_the_image() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4).repeat(4, 1, 1, 1)
    assert quarter(image, torch.arange(4))[:, 0, 0, 0].tolist() == [0, 2, 8, 10]


def test_even_chances_change_nothing_and_a_shift_brings_in_grey() -> None:
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    assert torch.allclose(augmented(images, torch.full((2, 5), 0.5)), images, atol=1e-6)
    moved = augmented(images, torch.tensor([[0.5, 0.5, 0.5, 0.999, 0.0]]).repeat(2, 1))
    assert torch.allclose(moved[:, :, 2:, :-2], images[:, :, :-2, 2:], atol=1e-6)
    assert not moved[:, :, :2].any()
    assert not moved[:, :, :, -2:].any()
    brighter = augmented(images, torch.tensor([[1.0, 0.5, 0.5, 0.5, 0.5]]).repeat(2, 1))
    assert torch.allclose(brighter, images + 0.5, atol=1e-6)


def test_only_the_critics_turn_moves_the_decoders() -> None:
    method, _ = tiny()
    assert method.optimisers()["critic"].networks == ("critic", "decoder")
    assert FastGAN(reconstruction=0.0).optimisers()["critic"].networks == ("critic",)
