"""Adversarial objectives: values worked by hand, the direction each player pulls, and the best critic of theory."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.losses.adversarial import (
    Objective,
    critic_loss,
    generator_loss,
    mean_logits,
    optimal_critic,
    optimal_logit,
)

OBJECTIVES = get_args(Objective)
LOG2, LOG3 = math.log(2), math.log(3)
REAL, FAKE = torch.tensor([LOG3, 0.0]), torch.tensor([0.0, -LOG3])  # D = 3/4, 1/2 for real and 1/2, 1/4 for fake


def critic_terms(objective: Objective, **targets: float) -> dict[str, float]:
    return {name: term.item() for name, term in critic_loss(objective, REAL, FAKE, **targets).items()}


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("minimax", {"real": (math.log(4 / 3) + LOG2) / 2, "fake": (LOG2 + math.log(4 / 3)) / 2}),
        ("non-saturating", {"real": (math.log(4 / 3) + LOG2) / 2, "fake": (LOG2 + math.log(4 / 3)) / 2}),
        ("least-squares", {"real": ((LOG3 - 1) ** 2 + 1) / 4, "fake": LOG3**2 / 4}),
        ("wasserstein", {"real": -LOG3 / 2, "fake": -LOG3 / 2}),
        ("hinge", {"real": 0.5, "fake": 0.5}),  # relu(1 - log 3) = 0 and 1; 1 and relu(1 - log 3) = 0
        ("relativistic", {"pair": math.log(4 / 3)}),  # both pairs lead by log 3
    ],
)
def test_the_critics_terms_equal_those_worked_by_hand(objective: Objective, expected: dict[str, float]) -> None:
    assert critic_terms(objective) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("minimax", -(LOG2 + math.log(4 / 3)) / 2),  # mean of log(1 - D): log 1/2 and log 3/4
        ("non-saturating", (LOG2 + math.log(4)) / 2),
        ("least-squares", (1 + (LOG3 + 1) ** 2) / 4),
        ("wasserstein", LOG3 / 2),
        ("hinge", LOG3 / 2),
        ("relativistic", math.log(4)),
    ],
)
def test_the_generators_loss_equals_that_worked_by_hand(objective: Objective, expected: float) -> None:
    assert generator_loss(objective, FAKE, REAL).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_descending_the_critics_loss_raises_real_and_lowers_fake(objective: Objective) -> None:
    real, fake = torch.zeros(3, requires_grad=True), torch.full((3,), 0.1, requires_grad=True)
    torch.stack(list(critic_loss(objective, real, fake).values())).sum().backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_descending_the_generators_loss_raises_fake(objective: Objective) -> None:
    fake = torch.zeros(3, requires_grad=True)
    generator_loss(objective, fake, torch.zeros(3)).backward()
    assert (fake.grad < 0).all()


def test_minimax_is_flat_where_the_critic_is_sure_and_the_non_saturating_loss_is_not() -> None:
    slopes = {}
    for objective in ("minimax", "non-saturating"):
        fake = torch.tensor([-10.0], requires_grad=True)
        generator_loss(objective, fake).backward()
        slopes[objective] = fake.grad.item()
    assert slopes["minimax"] == pytest.approx(-1 / (1 + math.exp(10)), rel=1e-4)
    assert slopes["non-saturating"] == pytest.approx(-1, rel=1e-4)


def test_smoothed_targets_are_the_cross_entropy_written_out() -> None:
    terms = critic_terms("non-saturating", real_target=0.9, fake_target=0.1)
    real = -0.9 * math.log(3 / 4) - 0.1 * math.log(1 / 4)  # at D = 3/4; at D = 1/2 any target gives log 2
    fake = -0.1 * math.log(1 / 4) - 0.9 * math.log(3 / 4)
    assert terms == pytest.approx({"real": (real + LOG2) / 2, "fake": (LOG2 + fake) / 2})


def test_one_sided_smoothing_stops_the_critic_at_nine_tenths_of_its_odds() -> None:
    logit = torch.tensor([math.log(0.45 / 0.55)], requires_grad=True)  # real and fake alike: D = .9 / 2
    torch.stack(list(critic_loss("non-saturating", logit, logit, real_target=0.9).values())).sum().backward()
    assert logit.grad.item() == pytest.approx(0, abs=1e-7)


def test_least_squares_takes_its_a_b_and_c() -> None:
    terms = critic_terms("least-squares", real_target=1, fake_target=-1)
    assert terms == pytest.approx({"real": ((LOG3 - 1) ** 2 + 1) / 4, "fake": (1 + (1 - LOG3) ** 2) / 4})
    assert generator_loss("least-squares", FAKE, generator_target=0).item() == pytest.approx(LOG3**2 / 4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_half_precision_logits_are_judged_in_float32(objective: Objective) -> None:
    real, fake = torch.tensor([30.0], dtype=torch.float16), torch.tensor([-30.0], dtype=torch.float16)
    losses = [*critic_loss(objective, real, fake).values(), generator_loss(objective, fake, real)]
    assert all(loss.dtype == torch.float32 and loss.isfinite() for loss in losses)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_logits_of_patches_weigh_alike(objective: Objective) -> None:
    patches = critic_loss(objective, REAL.expand(4, 1, 3, 2), FAKE.expand(4, 1, 3, 2))
    assert {name: term.item() for name, term in patches.items()} == pytest.approx(critic_terms(objective))


def test_targets_that_an_objective_does_not_have_are_refused() -> None:
    with pytest.raises(ConfigError, match="hinge has no targets"):
        critic_loss("hinge", REAL, FAKE, real_target=0.9)
    with pytest.raises(ConfigError, match="no generator_target"):
        generator_loss("minimax", FAKE, generator_target=0.5)
    with pytest.raises(ConfigError, match="probabilities"):
        critic_loss("non-saturating", REAL, FAKE, real_target=0.1, fake_target=0.9)


def test_a_relativistic_pair_that_is_missing_or_differs_is_refused() -> None:
    with pytest.raises(ShapeError, match="real images too"):
        generator_loss("relativistic", FAKE)
    with pytest.raises(ShapeError, match="as many of both"):
        critic_loss("relativistic", REAL, FAKE[:1])


def test_watched_logits_carry_no_gradient() -> None:
    watched = mean_logits(REAL.clone().requires_grad_(), FAKE)
    assert not watched["real_logit"].requires_grad
    assert watched["real_logit"].item() - watched["fake_logit"].item() == pytest.approx(LOG3)


def normal_density(x: Tensor, mean: float, deviation: float) -> Tensor:
    return torch.distributions.Normal(mean, deviation).log_prob(x).exp()


def test_the_best_critic_is_one_half_where_the_densities_agree() -> None:
    density = normal_density(torch.linspace(-3, 3, 7), 0, 1)
    assert optimal_critic(density, density).tolist() == pytest.approx([0.5] * 7)
    assert optimal_logit(3 * density, density).tolist() == pytest.approx([LOG3] * 7, abs=1e-6)
    assert torch.allclose(optimal_logit(3 * density, density).sigmoid(), optimal_critic(3 * density, density))


@pytest.mark.parametrize("objective", ["non-saturating", "least-squares"])
def test_a_critic_trained_on_two_known_densities_comes_near_the_best_one(objective: Objective) -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimiser = torch.optim.Adam(critic.parameters(), lr=5e-3)
    for _ in range(500):
        real, fake = torch.randn(512, 1) - 0.5, 1.5 * torch.randn(512, 1) + 1
        optimiser.zero_grad()
        torch.stack(list(critic_loss(objective, critic(real), critic(fake)).values())).sum().backward()
        optimiser.step()
    x = torch.linspace(-2, 3, 51).unsqueeze(1)  # where both densities have mass
    best = optimal_critic(normal_density(x, -0.5, 1), normal_density(x, 1, 1.5))
    with torch.no_grad():
        found = critic(x).sigmoid() if objective == "non-saturating" else critic(x)
    assert (found - best).abs().mean() < 0.03
    assert (best.max() - best.min()) > 0.6  # a constant critic would be far off
