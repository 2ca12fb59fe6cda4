"""Training by imitation: a model learns to make what another makes of the same inputs. No data needs labels for it.

Hinton et al. 2015, arXiv:1503.02531; for generators by the same latents, Aguinaldo et al. 2019, arXiv:1902.00159.
Images are compared at their own side, at a half and at a quarter of it, so that what is large counts too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.parts import Part
from saddlepoint.report.wording import duration

_SECONDS = 5.0  # between two lines of progress
_SIDES = 3


def imitate(
    student: list[Part],
    teacher: list[Part],
    feed: Feed,
    *,
    steps: int,
    batch: int,
    lr: float,
    new: bool = True,
    after: Callable[[], None] = lambda: None,
    say: Callable[[str], object] = lambda text: None,
) -> None:
    """Train the student's networks in place (Adam, the rate falls to nothing along half a cosine).

    student, teacher: the same parts, without truncation. new: the student's batch norms have seen nothing yet and
    average what they see; else theirs stay as they are. after: is called when a step has been taken.
    """
    modules = nn.ModuleList(part.module for part in student)
    parameters = [weight for weight in modules.parameters() if weight.is_floating_point()]
    for weight in parameters:
        weight.requires_grad_(True)
    optimiser = torch.optim.Adam(parameters, lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    _statistics_move(modules, new)
    start = reported = time.monotonic()
    for step in range(steps):
        losses = {}
        for one, other in zip(student, teacher):
            inputs = feed.inputs(one, batch, "imitate", step)
            with torch.no_grad():
                target = other.truth(*inputs)
            losses[one.name] = difference(one.truth(*inputs), target)
        optimiser.zero_grad()
        torch.stack([*losses.values()]).sum().backward()
        optimiser.step()
        schedule.step()
        after()
        if time.monotonic() - reported >= _SECONDS:
            reported = time.monotonic()
            say(_line(step + 1, steps, reported - start, losses))
    _statistics_move(modules, False)
    for weight in parameters:
        weight.requires_grad_(False)


def difference(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference; of images [n, C, H, W] summed over their side, a half and a quarter of it."""
    total = (output - target).abs().mean()
    if output.dim() == 4:
        for _ in range(1, _SIDES):
            if min(output.shape[2:]) < 4:
                break
            output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
            total = total + (output - target).abs().mean()
    return total


def _statistics_move(modules: nn.Module, moving: bool) -> None:
    """Batch norms that average what they see do so while training; all else is as it is used, dropout too."""
    for module in modules.modules():
        if type(module) in (nn.BatchNorm1d, nn.BatchNorm2d):
            module.train(moving)


def _line(step: int, steps: int, seconds: float, losses: Mapping[str, Tensor]) -> str:
    left = duration(seconds / step * (steps - step))
    loss_words = "  ".join(f"{name} {loss.item():.4f}" for name, loss in losses.items())
    return f"step {step:,} of {steps:,}, {step / seconds:.1f} a second, {left} left  {loss_words}"
