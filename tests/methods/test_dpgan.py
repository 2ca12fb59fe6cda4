"""DP-GAN: clipping against a loop, the noise that is added, the accountant against published figures, and no leak."""

import math

import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.privacy import clipped_sum, epsilon
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.dpgan import DPGAN, PROOF

TINY = {"latent": 4, "generator_width": 2, "critic_width": 2}
SMALL = {"latent": 4, "generator_width": 2, "critic_width": 2}


@pytest.mark.parametrize(
    ("share", "noise", "times", "wanted", "tight"),
    [  # at a delta of 1e-5: a bound over whole orders to 63, and one over fractions too, which is a little less
        (0.01, 1.0, 1000, 2.1078, 2.1014),
        (0.01, 1.1, 10_000, 5.6543, 5.6320),
        (256 / 60_000, 1.1, 14_040, 2.5948, 2.5944),
        (0.02, 0.8, 500, 5.3970, 5.3701),
        (1.0, 10.0, 100, 4.7527, 4.7285),
    ],
)
def test_the_accountant_gives_the_figures_of_others(
    share: float, noise: float, times: int, wanted: float, tight: float
) -> None:
    value = epsilon(share, noise, times, 1e-5)
    assert value == pytest.approx(wanted, abs=2e-3)
    assert tight < value < 1.01 * tight
    assert epsilon(share, noise, 0, 1e-5) == 0
    assert epsilon(share, 0.0, times, 1e-5) == math.inf


def test_each_gradient_is_clipped_by_itself() -> None:
    torch.manual_seed(0)
    layer, examples, kept = torch.nn.Linear(3, 2), 4 * torch.randn(5, 3), torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])

    def loss(weights: dict[str, torch.Tensor], row: torch.Tensor) -> torch.Tensor:
        return F.linear(row, weights["weight"], weights["bias"]).square().sum()

    parameters = {name: value.detach() for name, value in layer.named_parameters()}
    sums = clipped_sum(loss, parameters, (examples,), 0.7, kept)
    wanted = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for row, there in zip(examples, kept):
        own = torch.autograd.grad(layer(row).square().sum(), list(layer.parameters()))
        norm = torch.cat([each.flatten() for each in own]).norm()
        for name, each in zip(wanted, own):
            wanted[name] += there * each * min(1.0, 0.7 / norm.item())
    assert all(torch.allclose(sums[name], wanted[name], atol=1e-6) for name in wanted)


def test_the_noise_has_the_stated_deviation_and_the_surrogate_its_gradient() -> None:
    torch.manual_seed(0)
    method = DPGAN(noise=2.0, clip=0.5, **SMALL)
    nets = method.networks(DataSpec.of((1, 8, 8), examples=64))
    image, kept = torch.rand(8, 1, 8, 8), torch.zeros(8)  # nobody takes part: what is left is noise
    values = torch.cat([
        torch.autograd.grad(method.surrogate(nets, HandDraw(image, seed), image, image, kept), weights)[0].flatten()
        for seed in range(40)
        for weights in [list(nets.critic.parameters())]
    ])  # fmt: skip
    assert values.std().item() == pytest.approx(2.0 * 0.5 / 8, rel=0.05)


def test_no_figure_of_real_images_is_logged_and_epsilon_grows_by_the_epoch() -> None:
    method = DPGAN(**SMALL)
    nets = method.networks(DataSpec.of((1, 8, 8), examples=64))
    critic, generator = method.train_step(nets, HandDraw(torch.rand(8, 1, 8, 8)), Clock(fresh=8))
    assert (set(critic.losses), dict(critic.watch)) == ({"private"}, {})
    assert generator.watch["epsilon"].item() == pytest.approx(epsilon(1.0, 1.0, 1, 1e-5))
    spent = [method.spent(nets, Clock(examples=examples, fresh=8)) for examples in (0, 56, 64)]
    assert spent[0] == spent[1] < spent[2]
    more = DPGAN(critic_steps=4, **SMALL)
    moves = list(more.train_step(nets, HandDraw(torch.rand(8, 1, 8, 8)), Clock(fresh=8)))
    assert [move.group for move in moves] == ["critic"] * 4 + ["generator"]
    assert more.spent(nets, Clock(examples=8, fresh=8)) == spent[0]  # 64 images to the critic: one epoch
    assert more.spent(nets, Clock(examples=16, fresh=8)) == spent[2]
    with pytest.raises(ConfigError, match="--share 1"):
        DPGAN(share=0.0)


def test_what_the_proof_spends_is_under_10_and_points_have_dense_networks() -> None:
    settings = {name: value for name, value in PROOF.settings.items() if name not in ("examples", "batch")}
    method = DPGAN(**settings)
    nets = method.networks(DataSpec.of((2,), examples=98_000))
    assert method.spent(nets, Clock(examples=PROOF.settings["examples"] - 512, fresh=512)) < 10
    assert nets.generator(torch.randn(3, method.latent)).shape == (3, 2)
    moves = list(method.train_step(nets, HandDraw(torch.randn(4, 2)), Clock()))
    assert [move.group for move in moves] == ["critic"] * 3 + ["generator"]
