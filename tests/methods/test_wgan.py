"""WGAN: clipping where and when it is due, losses without a sigmoid."""

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, RMSProp
from saddlepoint.methods.gan.wgan import PRESETS, WGAN

TINY = {"latent": 8, "width": 8}
POINTS = WGAN(latent=2, widths=(16, 16))


def test_after_each_critic_step_every_weight_of_the_critic_is_within_the_bound() -> None:
    torch.manual_seed(0)
    nets = POINTS.networks(DataSpec.of((2,)))
    generator = [weight.clone() for weight in nets.generator.parameters()]
    steps = POINTS.train_step(nets, HandDraw(torch.randn(8, 2)), None)
    next(steps)
    assert max(weight.abs().max() for weight in nets.critic.parameters()) > 0.01  # not before it has moved
    for _ in range(5):
        next(steps)
        assert max(weight.abs().max() for weight in nets.critic.parameters()) <= 0.01
    assert all(torch.equal(now, then) for now, then in zip(nets.generator.parameters(), generator))


def test_a_weight_within_the_bound_is_left_alone() -> None:
    nets = POINTS.networks(DataSpec.of((2,)))
    with torch.no_grad():
        for weight in nets.critic.parameters():
            weight.fill_(0.004)
    steps = POINTS.train_step(nets, HandDraw(torch.randn(8, 2)), None)
    next(steps), next(steps)
    assert all((weight == 0.004).all() for weight in nets.critic.parameters())


def test_the_losses_are_plain_means_and_the_estimate_is_their_difference() -> None:
    torch.manual_seed(0)
    nets = POINTS.networks(DataSpec.of((2,)))
    real = torch.randn(8, 2)
    *_, critic, generator = play(POINTS, nets, HandDraw(real))
    assert critic.losses["real"].item() == pytest.approx(-nets.critic(real).mean().item(), abs=1e-6)
    assert critic.watch["wasserstein"].item() == pytest.approx(
        -critic.losses["real"].item() - critic.losses["fake"].item(), abs=1e-6
    )
    assert set(generator.losses) == {"fake"}


def test_each_critic_step_takes_new_data() -> None:
    draw = HandDraw(torch.randn(8, 2))
    updates = list(play(POINTS, POINTS.networks(DataSpec.of((2,))), draw))
    assert [update.group for update in updates] == ["critic"] * 5 + ["generator"]
    assert draw.draws == 5


def test_the_critic_may_get_further_for_the_first_and_for_every_500th_generator_step() -> None:
    warm = WGAN(latent=2, widths=(16, 16), critic_steps=2, warm_critic_steps=7)
    nets = warm.networks(DataSpec.of((2,)))
    for step, wanted in {0: 7, 24: 7, 25: 2, 499: 2, 500: 7, 501: 2, 1000: 7}.items():
        draw = HandDraw(torch.randn(8, 2))
        groups = [update.group for update in warm.train_step(nets, draw, Clock(step=step))]
        assert groups == ["critic"] * wanted + ["generator"]
        assert draw.draws == wanted
    assert PRESETS["authors"]["warm_critic_steps"] == 100


def test_both_players_step_by_rmsprop() -> None:
    assert WGAN().optimisers() == {name: RMSProp(name, lr=5e-5) for name in ("generator", "critic")}


def test_images_get_convolutions_and_a_wrong_side_is_refused() -> None:
    nets = WGAN(**TINY).networks(DataSpec.of((3, 16, 16)))
    assert nets.critic(nets.generator(torch.randn(2, 8))).shape == (2,)
    with pytest.raises(ConfigError, match="Use --resolution 16"):
        WGAN().networks(DataSpec.of((1, 28, 28)))
