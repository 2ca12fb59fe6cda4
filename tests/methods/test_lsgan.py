"""LSGAN: what it minimises is Pearson's divergence, fakes far beyond the boundary cost, and its network at 112."""

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.methods.gan.lsgan import LSGAN, best_outputs, halvings

TINY = {"latent": 4, "width": 2}


def test_against_the_best_critic_the_generators_loss_is_pearsons_divergence() -> None:
    torch.manual_seed(0)
    real, fake = torch.rand(2, 7, dtype=torch.float64)
    real, fake = real / real.sum(), fake / fake.sum()
    best = best_outputs(real, fake, (-1.0, 1.0))
    twice = ((real + fake) * best.square()).sum()  # 2 C(G) with c = 0, over real images as well (equation 7)
    mean = (real + fake) / 2
    pearson = ((real + fake - 2 * fake).square() / (2 * mean)).sum()  # chi^2 of p + g against 2 g
    assert twice.item() == pytest.approx(pearson.item())


def test_no_other_critic_costs_less_than_the_best_one() -> None:
    real, fake = torch.tensor([0.2, 0.8]), torch.tensor([0.6, 0.4])

    def cost(outputs: torch.Tensor) -> float:
        return (0.5 * (real * (outputs - 1).square() + fake * outputs.square())).sum().item()

    best = best_outputs(real, fake, (0.0, 1.0))
    assert all(cost(best) < cost(best + step) for step in (torch.tensor([0.01, 0.0]), torch.tensor([0.0, -0.01])))


def test_a_fake_far_on_the_real_side_still_pulls_at_the_generator() -> None:
    far = torch.tensor([6.0], requires_grad=True)
    pulls = {}
    for objective in ("least-squares", "non-saturating"):
        (pulls[objective],) = torch.autograd.grad(generator_loss(objective, far), far)
    assert pulls["least-squares"].item() == 5.0
    assert abs(pulls["non-saturating"].item()) < 0.003


def test_the_targets_reach_both_players() -> None:
    method = LSGAN(**TINY, fake_target=-1.0, real_target=2.0, generator_target=0.5)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    real = torch.rand(4, 1, 8, 8)
    critic, generator = play(method, nets, HandDraw(real))
    wanted = critic_loss("least-squares", nets.critic(real), torch.zeros(1), real_target=2.0, fake_target=-1.0)["real"]
    assert critic.losses["real"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert generator.losses["fake"].item() < 0.5


def test_the_authors_network_starts_at_seven_and_wrong_sides_are_refused() -> None:
    nets = LSGAN(latent=4, width=4).networks(DataSpec.of((3, 112, 112)))
    assert nets.generator.small == (16, 7, 7)
    assert nets.critic(nets.generator(torch.rand(2, 4))).shape == (2,)
    assert [halvings(size) for size in ((8, 8), (16, 16), (64, 64), (48, 32))] == [2, 3, 4, 4]
    with pytest.raises(ConfigError, match="--resolution 28"):
        LSGAN().networks(DataSpec.of((1, 30, 30)))
    with pytest.raises(ConfigError, match="less than real_target"):
        LSGAN(fake_target=1.0)
