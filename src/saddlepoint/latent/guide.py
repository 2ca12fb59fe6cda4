"""Edits under guidance: move a code until its image shows what was asked for, near where it began.

Zhu et al. 2016, arXiv:1609.03552, section 4.2: the constraints' squared errors and a pull to the start code. Our
own: outside the region that may change, the image is held too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.latent.codes import Code, Space, check_space, decode, spaces, styles_of
from saddlepoint.latent.constraints import Constraint, mean_under
from saddlepoint.latent.descend import Descent, Progress, Stop, descend
from saddlepoint.latent.prior import prior


@dataclass(frozen=True, kw_only=True)
class Guidance(Descent):
    """How an edit is made."""

    steps: int = 150
    """steps of Adam"""
    noise: bool = False
    """move the layers' noise maps too, where the model has them; else the image keeps its own"""
    pull: float = 0.05
    """weight of the pull to the start code: the mean squared distance from it, in deviations of a coordinate"""
    keep: float = 2.0
    """weight of the mean squared change of the pixels that may not change"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("pull", "keep"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be 0 or more.")


@final
@dataclass(frozen=True, eq=False)
class Guided:
    """Edited codes with their images. All but the code are on the CPU."""

    code: Code
    start: Tensor
    """[n, C, H, W] in [-1, 1], before"""
    images: Tensor
    """[n, C, H, W] in [-1, 1], after"""
    before: Tensor
    """[n], root of the mean squared difference from what was asked, of the pixels that were asked about"""
    after: Tensor
    """[n], the same after the edit"""
    outside: Tensor
    """[n], root of the mean squared change of the pixels that may not change, or without a mask of all others"""
    steps: int
    seconds: float
    stopped: bool = False


def guide(
    model: Model,
    start: Code,
    constraints: Sequence[Constraint],
    *,
    free: Tensor | None = None,
    space: Space | None = None,
    settings: Guidance | None = None,
    progress: Progress = lambda step, share, loss: None,
    stop: Stop = lambda: False,
) -> Guided:
    """Codes near `start` whose images show what the constraints ask for, each row by itself.

    free: [1, H, W] in [0, 1], 1 where the image may change; None for everywhere, which leaves the rest to the pull.
    space: in which to move; None takes w+ where there are styles, else z. progress, stop: as in `descend`.
    Raises ConfigError without a constraint, CapabilityError for a model without such a space, ShapeError for
    constraints of another size.
    """
    began, settings = time.perf_counter(), settings or Guidance()
    _check(model, constraints, free)
    origin = moved_to(model, start, space)
    middle = prior(model, origin.space)
    with torch.no_grad():
        first = decode(model, origin).clamp(-1, 1)

    def objective(images: Tensor, code: Code) -> Tensor:
        loss = settings.pull * middle.distance(code.values, origin.values)
        for constraint in constraints:
            loss = loss + constraint.loss(images)
        if free is not None:
            loss = loss + settings.keep * mean_under(1 - free, (images - first).square())
        return loss

    result = descend(model, origin, objective, middle, settings, began=began, progress=progress, stop=stop)
    with torch.no_grad():
        last = decode(model, result.code).clamp(-1, 1)
    return Guided(
        result.code,
        first.cpu(),
        last.cpu(),
        _asked(constraints, first).cpu(),
        _asked(constraints, last).cpu(),
        _outside(constraints, free, first, last).cpu(),
        result.steps,
        time.perf_counter() - began,
        result.stopped,
    )


def moved_to(model: Model, code: Code, space: Space | None) -> Code:
    """A code in a space that holds it, with the same image: z in w and w+, w in w+. None takes w+, else z.

    Raises ConfigError for a space that does not hold it, CapabilityError for one that the model lacks.
    """
    order: tuple[Space, ...] = ("z", "w", "w+")
    space = check_space(model, space or spaces(model)[-1])
    if order.index(space) < order.index(code.space):
        raise ConfigError(f"a code of {code.space} need not lie in {space}: move it in {code.space}.")
    if space == code.space:
        return code
    with torch.no_grad():
        styles = styles_of(model, code)
    return Code(space, styles[:, 0] if space == "w" else styles.clone(), code.noise, code.label)


def _check(model: Model, constraints: Sequence[Constraint], free: Tensor | None) -> None:
    if not constraints:
        raise ConfigError("nothing is asked for: give at least one constraint.")
    expected = [model.spec.shape for _ in constraints] + ([(1, *model.spec.shape[1:])] if free is not None else [])
    shapes = [tuple(constraint.image.shape) for constraint in constraints] + (
        [] if free is None else [tuple(free.shape)]
    )
    for shape, fits in zip(shapes, expected):
        if shape != fits:
            raise ShapeError(
                f"{model.name} makes images of {list(model.spec.shape)}; this mask or image is {list(shape)}."
            )


def _asked(constraints: Sequence[Constraint], images: Tensor) -> Tensor:
    """Root of the mean squared error of all constraints.  [n]"""
    return torch.stack([constraint.error(images).square() for constraint in constraints]).mean(0).sqrt()


def _outside(constraints: Sequence[Constraint], free: Tensor | None, before: Tensor, after: Tensor) -> Tensor:
    """Root of the mean squared change of what may not change, or without a mask where no constraint looks.  [n]"""
    constrained = torch.stack([constraint.mask for constraint in constraints]).amax(0)
    rest = 1 - (constrained if free is None else free)
    return mean_under(rest, (after - before).square()).sqrt()
