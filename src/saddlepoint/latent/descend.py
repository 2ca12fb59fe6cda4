"""Gradient descent on a code, as projection and guided edits do it. Karras et al. 2020, arXiv:1912.04958, appendix D.

From the paper: Adam, the ramps of its rate, noise on the code that decays (off by default), noise maps that are sought
too and held to be noise. Rates count in deviations of a coordinate, so that one rate serves every model.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, DivergedError
from saddlepoint.keyed import generator
from saddlepoint.latent.codes import Code, decode
from saddlepoint.latent.noise import autocorrelation, renormalise_
from saddlepoint.latent.prior import Prior
from saddlepoint.methods.tasks import knows

_RISE, _FALL, _CALM = 0.05, 0.25, 0.75
"""shares of the steps: in which the rate rises, in which it falls, after which there is no more noise on the code"""

Objective = Callable[[Tensor, Code], Tensor]
"""images [n, C, H, W] that can be differentiated, and their code -> what is minimised for each, [n]"""
Progress = Callable[[int, float, float], object]
"""told after each step: steps done, share of the whole in [0, 1], mean of what is minimised"""
Stop = Callable[[], bool]
"""asked before each step whether to end with what is there"""


@dataclass(frozen=True, kw_only=True)
class Descent:
    """How a code is moved."""

    steps: int = 300
    """steps of Adam"""
    seconds: float | None = None
    """stop after so many seconds if they come first; the ramps of the rate are fitted to them"""
    lr: float = 0.1
    """learning rate at its height, in deviations of a coordinate"""
    noise: bool = True
    """seek the layers' noise maps too, where the model has them; else they stay as they are"""
    noise_weight: float = 1e5
    """weight of the noise maps' correlation with themselves"""
    explore: float = 0.0
    """noise on the code at first, as a share of the codes' distance from their mean, which decays to nothing; the
    paper's is 0.05, with which small models came out worse"""
    seed: int = 0
    """of all that is random"""

    def __post_init__(self) -> None:
        for name in ("steps", "noise_weight", "explore"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be 0 or more.")
        for name in ("lr", "seconds"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be more than 0.")


@final
@dataclass(frozen=True, eq=False)
class Descended:
    """Where a descent ended."""

    code: Code
    steps: int
    stopped: bool
    """whether it was told to stop before its end"""


def descend(
    model: Model,
    start: Code,
    objective: Objective,
    space: Prior,
    settings: Descent,
    *,
    besides: Sequence[tuple[Tensor, float]] = (),
    began: float | None = None,
    progress: Progress = lambda step, share, loss: None,
    stop: Stop = lambda: False,
) -> Descended:
    """Move `start` to where `objective` is least. Rows do not act on one another; none ends worse than it began.

    space: of the codes. besides: what else the objective depends on and is moved in place, each with its highest rate.
    began: when the seconds began, by `time.perf_counter`; None for now.
    Raises DivergedError when the objective is no longer finite.
    """
    began = time.perf_counter() if began is None else began
    sides = _noise_sides(model) if settings.noise else ()
    values = start.values.detach().clone().requires_grad_()
    noise = _first_noise(start, sides, settings.seed).requires_grad_() if sides else start.noise
    now = Code(start.space, values, noise, start.label)
    first = now.detached()
    rates = [{"params": [values], "lr": settings.lr * space.scale, "height": settings.lr * space.scale}]
    if sides:
        rates.append({"params": [noise], "lr": settings.lr, "height": settings.lr})
    rates += [{"params": [values_beside], "lr": rate, "height": rate} for values_beside, rate in besides]
    optimiser = torch.optim.Adam(rates)
    count, share, stopped = 0, 0.0, False
    while count < settings.steps and share < 1 and not (stopped := stop()):
        for group in optimiser.param_groups:
            group["lr"] = group["height"] * _ramp(share)
        with torch.enable_grad():
            trial = Code(now.space, _shaken(now, space, settings, count, share), noise, now.label)
            loss = objective(decode(model, trial), trial)  # [n]
            penalty = settings.noise_weight * autocorrelation(noise, sides) if sides else 0.0  # type: ignore[arg-type]
            optimiser.zero_grad()
            (loss + penalty).sum().backward()
        optimiser.step()
        if sides:
            renormalise_(noise, sides)  # type: ignore[arg-type]
        count += 1
        share = count / settings.steps
        if settings.seconds is not None:
            share = max(share, (time.perf_counter() - began) / settings.seconds)
        mean = float(loss.detach().mean())
        if not math.isfinite(mean):
            raise DivergedError(f"what is minimised was no longer finite at step {count}; try a lower --lr.")
        progress(count, min(share, 1.0), mean)
    return Descended(_better(model, objective, first, now.detached()), count, stopped)


def _noise_sides(model: Model) -> tuple[int, ...]:
    method: Any = model.method
    return method.noise_sides(model.nets) if knows(method, "styles") else ()


def _first_noise(start: Code, sides: tuple[int, ...], seed: int) -> Tensor:
    """The start's maps, or N(0, 1), the same for every row."""
    if start.noise is not None:
        return start.noise.detach().clone()
    drawn = torch.randn(1, sum(side**2 for side in sides), generator=generator(seed, "noise maps"))
    return drawn.to(start.values.device).repeat(len(start), 1)


def _ramp(share: float) -> float:
    """The rate as a share of its height."""
    fall = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - share) / _FALL))
    return fall * min(1.0, max(share, 1e-2) / _RISE)


def _shaken(code: Code, space: Prior, settings: Descent, step: int, share: float) -> Tensor:
    """The code's values with this step's noise on them, which is the same for every row."""
    size = settings.explore * space.reach * max(0.0, 1 - share / _CALM) ** 2
    if not size:
        return code.values
    drawn = torch.randn(code.values.shape[1:], generator=generator(settings.seed, "explore", step))
    return code.values + size * drawn.to(code.values.device)


@torch.no_grad()
def _better(model: Model, objective: Objective, first: Code, last: Code) -> Code:
    """Of each row the one of which the objective is less."""
    before, after = (objective(decode(model, code), code) for code in (first, last))
    fell = after <= before

    def chosen(new: Tensor | None, old: Tensor | None) -> Tensor | None:
        return None if new is None or old is None else torch.where(fell.view(-1, *[1] * (new.dim() - 1)), new, old)

    values = chosen(last.values, first.values)
    assert values is not None
    return Code(last.space, values, chosen(last.noise, first.noise), last.label)
