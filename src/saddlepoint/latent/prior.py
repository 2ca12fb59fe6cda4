"""Where a model's codes usually lie: mean and deviation of a space, and codes drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.latent.codes import Code, Space, code_of
from saddlepoint.methods.abilities import classes_of, in_turn
from saddlepoint.methods.tasks import knows

_POOL = 512
"""codes that mean and deviation are taken from"""


@final
@dataclass(frozen=True, eq=False)
class Prior:
    """Mean and deviation of each coordinate; w+ has those of w, for every layer alike."""

    mean: Tensor
    """[...], the shape of a latent in z, [D] in w and w+"""
    deviation: Tensor
    """the same shape; more than 0"""
    scale: float
    """deviation of a coordinate, over all of them"""
    reach: float
    """root of the mean squared distance of a code from the mean"""

    def distance(self, values: Tensor, centre: Tensor | None = None) -> Tensor:
        """Mean squared distance from `centre`, else from the mean, in deviations.  [n, ...] -> [n]"""
        apart = values - (self.mean if centre is None else centre)
        return (apart / self.deviation).square().flatten(1).mean(1)


def prior(model: Model, space: Space) -> Prior:
    """The prior of a space, from 512 latents; the mean of styles is the model's own running one."""
    values = random_codes(model, _POOL, "z" if space == "z" else "w").values
    method: Any = model.method
    mean = values.mean(0) if space == "z" or not knows(method, "styles") else method.average_style(model.nets)
    square = (values - mean).square().mean(0)
    floor = 1e-3 * float(square.mean().sqrt()) + 1e-12  # a coordinate that hardly moves is not divided by
    return Prior(mean, square.sqrt().clamp_min(floor), float(square.mean().sqrt()), float(square.sum().sqrt()))


@torch.no_grad()
def random_codes(model: Model, n: int, space: Space, seed: int = 0, label: Tensor | None = None) -> Code:
    """Codes of `n` latents; where there are classes and no `label` [n], those come in turn."""
    method: Any = model.method
    label = in_turn(method, model.nets, n).get("label") if label is None else label.cpu()
    latents = method.latents(model.nets, n, seed).to(model.device)
    return code_of(model, latents, space, None if label is None else label.to(model.device))


def labels_of(model: Model, label: int | None, n: int) -> Tensor | None:
    """The class `label` for each of `n` codes, [n] int64 on the model's device; None where none is asked for.

    Raises CapabilityError for a class that the model does not make.
    """
    if label is None:
        return None
    classes = classes_of(model.method, model.nets)
    if not 0 <= label < classes:
        known = f"the classes are 0 to {classes - 1}" if classes else "it was trained without labels"
        raise CapabilityError(f"{model.name} has no class {label}: {known}.")
    return torch.full((n,), label, device=model.device)
