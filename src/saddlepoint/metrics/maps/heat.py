"""How much each pixel of an image matters to what a model says of it, by any of the maps."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.metrics.maps.backward import backward
from saddlepoint.metrics.maps.occlusion import occlusion

Map = Literal["occlusion", "gradient", "deconvnet", "guided"]


def heat(model: Model, images: Tensor, by: Map, targets: Tensor | None = None, window: int | None = None) -> Tensor:
    """How much each pixel matters to the probability of a class, [n, H, W] float32 on the CPU.

    images: [n, C, H, W] in [-1, 1]. by: "occlusion" is by how much the probability falls where a grey window hides the
    pixel, and may be negative; the others are the largest absolute value over channels of what comes back from the
    probability's logarithm. targets: [n], the class asked about; None for the likeliest of each. window: side of what
    hides, in pixels; None for a quarter of the shorter side.
    Raises CapabilityError for a model that names no class, and as `backward` does.
    """
    (output, _), method = class_output(model), model.method
    assert hasattr(method, "predict")
    if targets is None:
        targets = method.predict(model.nets, images.to(model.device))[output].argmax(1)
    if by == "occlusion":
        side = window or max(1, min(images.shape[2:]) // 4)
        each = zip(images.to(model.device), targets)
        return torch.stack([occlusion(_Probability(model, output, target), image, side) for image, target in each])
    score = _Probability(model, output, targets)
    back = [
        backward(_Probability(model, output, part).log, image, by)
        for image, part in zip(images.to(model.device).split(64), score.target.split(64))
    ]
    return torch.cat(back).abs().amax(1).float().cpu()


def class_output(model: Model) -> tuple[str, Probabilities]:
    """The prediction that is a class, and its kind. Raises CapabilityError for a model that names none."""
    task = model.task("predict")
    gives = {} if task is None else task.gives
    for name, kind in gives.items():
        if isinstance(kind, Probabilities):
            return name, kind
    raise CapabilityError(f"{model.name} names no class of an image, so no pixel of it matters to one.")


class _Probability:
    """The probability of a class, one for all or one for each image; `log` is its logarithm."""

    def __init__(self, model: Model, output: str, target: Tensor) -> None:
        self.method, self.nets, self.output = model.method, model.nets, output
        self.target = target.to(model.device)

    def __call__(self, images: Tensor) -> Tensor:
        method: Any = self.method
        values: Tensor = method.predict(self.nets, images)[self.output]
        return values.gather(1, self.target.expand(len(values))[:, None]).squeeze(1)

    def log(self, images: Tensor) -> Tensor:
        return self(images).clamp_min(1e-30).log()
