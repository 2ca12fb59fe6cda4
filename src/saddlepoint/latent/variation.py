"""The same styles with other noise: which details are chance, and where. Karras et al. 2019, arXiv:1812.04948, 3.2.

(Section 3.2 and figures 4 and 5: noise of fine layers moves fine detail, noise of coarse ones larger curls.)
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError, ShapeError
from saddlepoint.keyed import normal_rows
from saddlepoint.latent.codes import Code
from saddlepoint.methods.tasks import knows


def other_noise(model: Model, n: int, seed: int, maps: Collection[int] | None = None) -> Tensor:
    """Noise of `n` images, N(0, 1), [n, P] on the model's device; row i depends on (seed, i) alone.

    maps: which of the layers' maps differ from row to row, by place; the others have those of row 0. None for all.
    Raises CapabilityError for a model whose layers have no noise.
    """
    sides = noise_sides(model)
    noise = normal_rows(n, sum(side**2 for side in sides), seed)
    if maps is not None:
        varies = torch.cat([torch.full((side**2,), place in maps) for place, side in enumerate(sides)])
        noise = torch.where(varies, noise, noise[:1])
    return noise.to(model.device)


def noise_sides(model: Model) -> tuple[int, ...]:
    """The sides of the layers' noise maps. Raises CapabilityError for a model that has none."""
    method: Any = model.method
    sides: tuple[int, ...] = method.noise_sides(model.nets) if knows(method, "styles") else ()
    if not sides:
        raise CapabilityError(f"{model.name} draws no noise but its latents: the same latent is always the same image.")
    return sides


def with_noise(code: Code, noise: Tensor) -> Code:
    """One image's code [1, ...] with each of the noises [n, P]: n codes. Raises ShapeError for more than one image."""
    if len(code) != 1:
        raise ShapeError(f"noise is varied of one image, not of {len(code)}.")
    label = None if code.label is None else code.label.expand(len(noise))
    return Code(code.space, code.values.expand(len(noise), *code.values.shape[1:]), noise, label)


def deviation(images: Tensor) -> Tensor:
    """Where images differ: the standard deviation of each pixel over them, as the root of its mean over the channels.

    images: [n, C, H, W] in [-1, 1], two or more. Returns [H, W], 0 to 1, in which 1 is the most there can be.
    Raises ShapeError for fewer than two.
    """
    if images.ndim != 4 or len(images) < 2:
        raise ShapeError(f"a deviation is of two images [n, C, H, W] or more, not {list(images.shape)}.")
    return images.float().var(0, unbiased=False).mean(0).sqrt()
