"""BEGAN: the balance and its k worked by hand, the measure of convergence, the rate that halves when it stalls."""

from typing import Any

import pytest
import torch
from drive import HandDraw, count

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Clock, Held, Networks, Update
from saddlepoint.methods.gan.began import BEGAN, Decoder, Encoder

TINY = {"latent": 6, "code": 5, "width": 4}


def tiny(**settings: Any) -> tuple[BEGAN, Networks]:
    torch.manual_seed(0)
    method = BEGAN(**TINY, **settings)
    return method, method.networks(DataSpec.of((1, 8, 8)))


def moves(method: BEGAN, nets: Networks) -> dict[str, Update]:
    updates = next(method.train_step(nets, HandDraw(torch.rand(4, 1, 8, 8) * 2 - 1), Clock()))
    assert isinstance(updates, tuple)  # both are differentiated before either moves
    return {update.group: update for update in updates}


def report(real: float, fake: float) -> dict[str, torch.Tensor]:
    return {"critic/real": torch.tensor(real), "generator/fake": torch.tensor(fake)}


def conv(inputs: int, outputs: int) -> int:
    return outputs * (9 * inputs + 1)


def test_channels_grow_by_the_width_and_the_first_map_stands_beside_each_doubled_one() -> None:
    down = conv(3, 4) + conv(4, 4) + conv(4, 8) + conv(8, 8) + conv(8, 12) + conv(12, 12)
    assert count(Encoder(5, 3, 32, 4)) == down + 5 * (64 * 12 + 1)
    up = 2 * conv(4, 4) + 2 * (conv(8, 4) + conv(4, 4)) + conv(4, 3)
    assert count(Decoder(5, 3, 32, 4)) == 64 * 4 * 6 + up


def test_the_critic_ignores_made_images_at_first_and_then_by_the_weight_k() -> None:
    method, nets = tiny()
    assert moves(method, nets)["critic"].losses["fake"] == 0
    nets.k.value.fill_(0.25)
    updates = moves(method, nets)
    draw = HandDraw(torch.zeros(4, 1, 8, 8))
    fakes = nets.generator(method.draw_latents(draw, 4))
    wanted = -0.25 * (nets.critic(fakes) - fakes).abs().mean()
    assert updates["critic"].losses["fake"].item() == pytest.approx(wanted.item(), rel=1e-5)
    made = nets.generator(method.draw_latents(draw, 4))  # noise of its own
    wanted = (nets.critic(made) - made).abs().mean()
    assert updates["generator"].losses["fake"].item() == pytest.approx(wanted.item(), rel=1e-5)


def test_k_follows_the_balance_within_0_and_1() -> None:
    method, nets = tiny(gamma=0.5, k_rate=0.1)
    method.after_step(nets, report(0.8, 0.1), Clock(fresh=4))
    assert nets.k.value.item() == pytest.approx(0.1 * (0.4 - 0.1))
    assert nets.convergence.value.item() == pytest.approx(0.8 + 0.3)
    method.after_step(nets, report(0.2, 0.9), Clock(fresh=4))
    assert nets.k.value == 0
    assert nets.convergence.value.item() == pytest.approx(0.2 + 0.8)
    method.after_step(nets, report(100.0, 0.0), Clock(fresh=4))
    assert nets.k.value == 1


def test_the_rate_halves_after_a_window_that_is_no_better_than_the_best() -> None:
    method, nets = tiny(lr=0.4, stall_images=8)
    assert [optim.lr for optim in method.optimisers().values()] == [Held("rate")] * 2
    rates = []
    for real in (3.0, 2.0, 2.0, 1.0, 1.5, 1.5, 0.5, 1.0):  # windows of two: 2.5, 1.5, 1.5, 0.75
        method.after_step(nets, report(real, real / 2), Clock(fresh=4))
        rates.append(nets.rate.value.item())
    assert rates == pytest.approx([0.4] * 5 + [0.2] * 3)
    assert nets.least.value.item() == pytest.approx(0.75)
