"""What critic and generator minimise, by objective, and the critic that would be best against a fixed generator.

Every function takes the critic's raw outputs ("logits"; no sigmoid), of any shape and float type, and works in float32.
Each term is a mean over all outputs, and every loss is one to be minimised.

minimax, non-saturating  Goodfellow et al. 2014, arXiv:1406.2661, eq. 1 and the end of section 3
least-squares            Mao et al. 2017, arXiv:1611.04076, eq. 2
wasserstein              Arjovsky et al. 2017, arXiv:1701.07875, Algorithm 1
hinge                    Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 16
relativistic             Jolicoeur-Martineau 2018, arXiv:1807.00734; paired as in Huang et al. 2024, arXiv:2501.05441
one-sided smoothing      Salimans et al. 2016, arXiv:1606.03498, section 3.4
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ConfigError, ShapeError

Objective = Literal["minimax", "non-saturating", "least-squares", "wasserstein", "hinge", "relativistic"]


def critic_loss(
    objective: Objective, real: Tensor, fake: Tensor, *, real_target: float = 1.0, fake_target: float = 0.0
) -> dict[str, Tensor]:
    """The critic's terms, whose sum it minimises: "real" and "fake", or "pair" for the relativistic objective.

    real, fake: the critic's outputs for real and for generated images.
    real_target, fake_target: probabilities in the cross-entropy of minimax and non-saturating (.9 and 0 is one-sided
        smoothing); b and a in least squares. The other objectives have none.
    Raises ConfigError for targets that the objective does not have, ShapeError for a relativistic pair that differs.
    """
    check_targets(objective, real_target, fake_target)
    real, fake = real.float(), fake.float()
    match objective:
        case "minimax" | "non-saturating":
            return {"real": _cross_entropy(real, real_target), "fake": _cross_entropy(fake, fake_target)}
        case "least-squares":
            return {"real": _half_square(real, real_target), "fake": _half_square(fake, fake_target)}
        case "wasserstein":
            return {"real": -real.mean(), "fake": fake.mean()}
        case "hinge":
            return {"real": F.relu(1 - real).mean(), "fake": F.relu(1 + fake).mean()}
        case "relativistic":
            return {"pair": F.softplus(-_lead(real, fake)).mean()}


def generator_loss(
    objective: Objective, fake: Tensor, real: Tensor | None = None, *, generator_target: float = 1.0
) -> Tensor:
    """What the generator minimises: a scalar that falls as the critic takes its images for real.

    fake: the critic's outputs for generated images.
    real: its outputs for as many real images; the relativistic objective needs them, the others ignore them.
    generator_target: c in least squares; the other objectives have none.
    Raises ConfigError for a target that the objective does not have, ShapeError for a relativistic pair that is missing
    or differs.
    """
    check_targets(objective, generator_target=generator_target)
    fake = fake.float()
    match objective:
        case "minimax":
            return -F.softplus(fake).mean()  # log(1 - D): flat where the critic is sure, hence "saturating"
        case "non-saturating":
            return F.softplus(-fake).mean()  # -log D
        case "least-squares":
            return _half_square(fake, generator_target)
        case "wasserstein" | "hinge":
            return -fake.mean()
        case "relativistic":
            if real is None:
                raise ShapeError("the relativistic generator needs the critic's outputs for real images too.")
            return F.softplus(_lead(real.float(), fake)).mean()


def check_targets(
    objective: Objective, real_target: float = 1.0, fake_target: float = 0.0, generator_target: float = 1.0
) -> None:
    """Raises ConfigError when an objective has no such targets: for a method to call before any work is done."""
    if objective == "least-squares":
        return
    if objective in ("minimax", "non-saturating"):
        if not 0 <= fake_target < real_target <= 1:
            raise ConfigError(
                f"{objective} compares probabilities: it needs 0 <= fake_target < real_target <= 1, "
                f"not {fake_target} and {real_target}."
            )
    elif (real_target, fake_target) != (1, 0):
        raise ConfigError(f"{objective} has no targets: leave real_target at 1 and fake_target at 0.")
    if generator_target != 1:
        raise ConfigError(f"{objective} has no generator_target: leave it at 1, or use least-squares.")


def mean_logits(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """The critic's mean outputs as figures to watch, without gradients: their difference is its lead."""
    return {"real_logit": real.detach().float().mean(), "fake_logit": fake.detach().float().mean()}


def optimal_critic(real_density: Tensor, fake_density: Tensor) -> Tensor:
    """D*(x) = p / (p + q), the probability that the best critic gives to "real" where the densities are p and q.

    The minimum of the cross-entropy and of least squares with targets 1 and 0 (Goodfellow et al. 2014, proposition 1);
    1/2 everywhere once p = q. Not a number where both densities are zero.
    """
    return real_density / (real_density + fake_density)


def optimal_logit(real_density: Tensor, fake_density: Tensor) -> Tensor:
    """log p - log q, the logit of `optimal_critic`; infinite where one density is zero."""
    return torch.log(real_density) - torch.log(fake_density)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def _half_square(logits: Tensor, target: float) -> Tensor:
    return 0.5 * (logits - target).square().mean()


def _lead(real: Tensor, fake: Tensor) -> Tensor:
    if real.shape != fake.shape:
        raise ShapeError(
            f"the relativistic objective compares pairs; the critic gave {tuple(real.shape)} outputs for real images "
            f"and {tuple(fake.shape)} for fakes. Show it as many of both."
        )
    return real - fake
