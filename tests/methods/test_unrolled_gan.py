"""Unrolled GAN: gradients through the steps against finite differences, the Dirac GAN's radius, the two orders."""

import math

import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.unrolled_gan import UnrolledGAN, unrolled, value

TINY = {"latent": 4, "widths": [8], "unroll": 2}


@pytest.mark.parametrize(("steps", "least", "most"), [(0, 3.4, 3.6), (1, 0.02, 0.04), (2, 1e-6, 1e-4), (5, 0, 1e-12)])
def test_the_dirac_gan_comes_to_rest_with_foresight(steps: int, least: float, most: float) -> None:
    theta, psi, rate = (torch.tensor(each, dtype=torch.float64) for each in (1.0, 1.0, 0.1))
    for _ in range(3000):
        theta, foreseen = theta.detach().requires_grad_(), psi.detach()
        for _ in range(steps):  # d/d psi of -softplus(psi theta), the value at real images being constant
            foreseen = foreseen - rate * theta * torch.sigmoid(foreseen * theta)
        (slope,) = torch.autograd.grad(-nn.functional.softplus(foreseen * theta), theta)
        with torch.no_grad():
            psi = psi - rate * theta * torch.sigmoid(psi * theta)
            theta = theta - rate * slope
    radius = math.hypot(theta.item(), psi.item())
    assert least <= radius <= most


def test_the_gradient_goes_through_the_steps() -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)).double()
    real, fake = torch.randn(3, 2).double(), torch.randn(3, 2).double().requires_grad_()

    def game(fakes: torch.Tensor) -> torch.Tensor:
        weights = unrolled(critic, real, fakes, 3, 0.2)
        return value(*(torch.func.functional_call(critic, weights, (each,)) for each in (real, fakes)))

    assert torch.autograd.gradcheck(game, (fake,), eps=1e-6, atol=1e-7)
    plain = value(critic(real), critic(fake))
    slopes = [torch.autograd.grad(each, fake)[0] for each in (game(fake), plain)]
    assert not torch.allclose(*slopes, rtol=1e-2)


def test_foresight_leaves_the_critic_alone_and_none_is_the_plain_game() -> None:
    method = UnrolledGAN(latent=2, widths=(4,), unroll=0)
    nets = method.networks(DataSpec.of((2,)))
    weights = unrolled(nets.critic, torch.randn(4, 2), torch.randn(4, 2), 0, 0.1)
    assert all(torch.equal(weights[name], weight) for name, weight in nets.critic.named_parameters())
    together = UnrolledGAN(latent=2, widths=(4,), simultaneous=True)
    (pair,) = together.train_step(nets, HandDraw(torch.randn(4, 2)), Clock())
    assert [update.group for update in pair] == ["critic", "generator"]
    apart = method.train_step(nets, HandDraw(torch.randn(4, 2)), Clock())
    assert [update.group for update in apart] == ["critic", "generator"]
