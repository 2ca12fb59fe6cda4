"""CAN: the ambiguity is least where all styles are as likely, and the critic learns styles from real images alone."""

import math

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.gan.can import CAN, Ambiguity, ambiguous

TINY = {"latent": 4, "generator_width": 2, "critic_width": 2}
STYLES = DataSpec.of((1, 8, 8), ("one", "two", "three"))


@pytest.mark.parametrize(("by", "least"), [("softmax", math.log(3)), ("binary", math.log(3) + 2 * math.log(1.5))])
def test_the_ambiguity_is_least_where_styles_are_even(by: Ambiguity, least: float) -> None:
    even = torch.full((4, 3), 0.7, requires_grad=True)
    loss = ambiguous(even, by)
    assert loss.item() == pytest.approx(least, abs=1e-6)
    (slope,) = torch.autograd.grad(loss, even)
    assert slope.abs().max() < 1e-7
    uneven = torch.tensor([[2.0, 0.0, 0.0]])
    assert ambiguous(uneven, by) > least
    assert ambiguous(uneven + 5, by).item() == pytest.approx(ambiguous(uneven, by).item(), rel=1e-5)
    sure = torch.tensor([[50.0, 0.0, 0.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(ambiguous(sure, by), sure)
    assert slope.isfinite().all()
    assert slope[0, 0] > 0.1


def test_the_critic_is_told_no_style_of_a_fake() -> None:
    torch.manual_seed(0)
    method = CAN(**TINY)
    nets = method.networks(STYLES)
    draw = HandDraw(torch.rand(6, 1, 8, 8), label=torch.tensor([0, 1, 2, 0, 1, 2]))
    critic, generator = play(method, nets, draw)
    assert set(critic.losses) == {"real", "fake", "style"}
    assert set(generator.losses) == {"fake", "ambiguity"}
    slopes = torch.autograd.grad(critic.losses["fake"], nets.critic.style[-1].bias, allow_unused=True)
    assert slopes == (None,)


def test_without_its_weight_the_ambiguity_moves_nothing() -> None:
    method = CAN(ambiguity_weight=0.0, **TINY)
    nets = method.networks(STYLES)
    *_, generator = play(method, nets, HandDraw(torch.rand(6, 1, 8, 8), label=torch.zeros(6, dtype=torch.int64)))
    assert generator.losses["ambiguity"].item() == 0
