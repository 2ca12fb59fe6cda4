"""Where a model's own encoder puts given images: the mean of each code, and codes drawn around it.

The draws are z = mean + deviation * noise of Kingma & Welling 2014, arXiv:1312.6114, section 2.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from saddlepoint import methods
from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.tasks import knows


class Inferred(NamedTuple):
    """Codes of images, as rows of numbers on the CPU."""

    mean: Tensor
    """[n, D], the likeliest code of each image"""
    drawn: Tensor
    """[draws, n, D], codes drawn from what the encoder says of it"""


@torch.no_grad()
def infer(model: Model, images: Tensor, *, draws: int = 0, seed: int = 0, batch: int = 256) -> Inferred:
    """The codes of `images`, [n, C, H, W] in [-1, 1] (points [n, D]).

    draws: of each image. seed: of these; the noise of an image is the same for every model with codes of that length.
    Raises what `check_infers` does.
    """
    method = check_infers(model, draws)
    parts = [part.to(model.device) for part in images.split(batch)]
    if not knows(method, "posterior"):
        mean = torch.cat([method.encode(model.nets, part).float().cpu() for part in parts]).flatten(1)
        return Inferred(mean, mean.new_empty(0, *mean.shape))
    pairs = [method.posterior(model.nets, part) for part in parts]
    mean, log_variance = (torch.cat([each.float().cpu() for each in kind]).flatten(1) for kind in zip(*pairs))
    noise = normal_rows(draws * len(mean), mean.shape[1], seed).view(draws, *mean.shape)
    return Inferred(mean, mean + (log_variance / 2).exp() * noise)


def check_infers(model: Model, draws: int = 0) -> Any:
    """The model's method, where it encodes images, and by a distribution where there are `draws`.

    Raises CapabilityError with the names of the methods that can.
    """
    method, ability = model.method, "posterior" if draws else "encode"
    if knows(method, ability):
        return method
    own = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]
    able = [name for name in own if knows(methods.load(name), ability)]
    if knows(method, "encode"):
        raise CapabilityError(
            f"{model.name} encodes an image as one point, not as a distribution: draw none, or use {', '.join(able)}."
        )
    raise CapabilityError(f"{model.name} does not encode given images; of the methods here {', '.join(able)} can.")
