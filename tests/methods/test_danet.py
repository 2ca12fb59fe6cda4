"""DANet: the public networks answer alike, noise is drawn by the seed, and the critic's sums are those by hand."""

import pytest
import torch
from drive import HandDraw, play
from official_networks import Official

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.danet import DANet
from saddlepoint.nn.backbones.joining_unet import JoiningUNet
from saddlepoint.nn.backbones.noise_pair_critic import NoisePairCritic

TINY = {"width": 2, "depth": 2, "critic_width": 1, "critic_steps": 1}


def test_the_public_networks_answer_alike() -> None:
    official = Official("denoise_vdn_danet")
    noisy, clean = official.input("noisy"), official.input("gt")
    official.check(official.into(JoiningUNet(3, 3, 4, 3, strided=True), "D.")(noisy), "danet_D_raw")
    noiser = official.into(JoiningUNet(4, 3, 4, 3, strided=True), "G.")
    official.check(noiser(torch.cat((clean, official.input("zmap")), 1)) + clean, "danet_G")
    official.check(official.into(NoisePairCritic(6, 2), "P.")(official.input("p_in")), "danet_P")


def test_a_seed_draws_the_noise_and_small_images_have_a_verdict_too() -> None:
    image = Image(3, 8, 8)
    method = DANet(width=2, depth=2, critic_width=1)
    nets = method.networks(DataSpec({"source": image, "target": image})).eval()
    clean = torch.zeros(2, 3, 8, 8)
    one, same, other = (method.translate(nets, clean, "target", seed) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(one[0], one[1])
    assert nets.critic(torch.zeros(2, 6, 8, 8)).shape == (2,)


def test_restorer_and_noiser_move_together_after_the_critic() -> None:
    image = Image(1, 8, 8)
    method = DANet(width=2, depth=2, critic_width=1, critic_steps=2, balance=0.25)
    nets = method.networks(DataSpec({"source": image, "target": image}))
    pair = PairedBatch(torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8))
    updates = list(play(method, nets, HandDraw(pair)))
    assert [update.group for update in updates] == ["critic", "critic", "restorer", "noiser"]
    restored = pair.source - nets.restorer(pair.source)
    by_hand = -0.25 * nets.critic(torch.cat((restored, pair.source), 1)).mean()
    assert updates[2].losses["fake"].item() == pytest.approx(by_hand.item(), abs=1e-6)
