"""Perceptual path length: how much the image changes for a small step in the latent. Karras et al. 2018,
arXiv:1812.04948, section 4.1.

It measures smoothness, not variety: a generator that always makes one image has length 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.keyed import key
from saddlepoint.metrics.formulas.estimate import Estimate

Along = Literal["sphere", "line"]
"""great circles for Gaussian latents (z), straight lines for mapped ones (w)"""


@torch.inference_mode()
def path_length(
    generate: Callable[[Tensor], Tensor],
    distance: Callable[[Tensor, Tensor], Tensor],
    start: Tensor,
    end: Tensor,
    *,
    along: Along,
    sampling: Literal["end", "full"] = "end",
    step: float = 1e-4,
    size: int = 32,
    seed: int = 0,
) -> Estimate:
    """Mean of distance / step² over pairs of latents, without the 1 % at either end; the spread is over the pairs.

    generate: latents [n, ...] to images [n, C, H, W] in [-1, 1], with its noise constant. distance: of two batches of
    such images, [n], as LPIPS gives it. start, end: [N, d] latents in z (along="sphere") or w (along="line").
    sampling: "end" steps from each start, "full" from a random place on the way. Images are compared as floats, since
    the step is below one level of 8 bits; those above 256 pixels are averaged down to 256 or a little more.
    Raises ShapeError, ConfigError.
    """
    if start.shape != end.shape or start.ndim < 2 or not len(start):
        raise ShapeError(f"start and end must be latents of one shape, got {list(start.shape)} and {list(end.shape)}.")
    if step <= 0:
        raise ConfigError(f"the step must be above 0, got {step}.")
    place = torch.zeros(len(start))
    if sampling == "full":
        place = torch.rand(len(start), generator=torch.Generator().manual_seed(key(seed, "path")))
    between = slerp if along == "sphere" else _lerp
    values = []
    for rows in torch.arange(len(start)).split(size):
        here, there, at = start[rows], end[rows], place[rows]
        both = torch.cat([between(here, there, at), between(here, there, at + step)])
        first, second = _shrunk(generate(both)).chunk(2)
        values.append(distance(first, second).double().cpu() / step**2)
    lengths = torch.cat(values).numpy()
    low, high = np.percentile(lengths, 1, method="lower"), np.percentile(lengths, 99, method="higher")
    central = lengths[(lengths >= low) & (lengths <= high)]
    return Estimate(
        float(central.mean()),
        float(central.std()),
        f"{len(central)} pairs",
        float(central.std() / np.sqrt(len(central))),
    )


def slerp(a: Tensor, b: Tensor, place: Tensor) -> Tensor:
    """Points on the arcs from a to b: directions on the great circle, lengths in proportion.  [n, d]

    a, b: [n, d]. place: [n], 0 at a and 1 at b. A generator that normalises its latents sees the directions alone.
    Opposite latents are joined by one of the many arcs, the same each time; from or to the origin the way is straight.
    Raises ShapeError for latents of more than one axis.
    """
    if a.ndim != 2:
        raise ShapeError(f"great circles need latents [n, d], got {list(a.shape)}.")
    place = place.to(a)[:, None]
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    straight = (lengths[0] == 0) | (lengths[1] == 0)
    line, length = torch.lerp(a, b, place), torch.lerp(*lengths, place)
    a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
    cosine = (a * b).sum(1, keepdim=True)
    aside = b - cosine * a  # what of b stands on a; nothing to speak of where the two are alike or opposite
    sine = aside.norm(dim=1, keepdim=True)
    angle = torch.atan2(sine, cosine) * place
    axis = F.one_hot(a.abs().argmin(1), a.shape[1]).to(a)  # the axis that a leans to least
    aside = torch.where(sine < 10 * torch.finfo(a.dtype).eps, axis - (a * axis).sum(1, keepdim=True) * a, aside)
    return torch.where(straight, line, length * (a * angle.cos() + F.normalize(aside, dim=1) * angle.sin()))


def _lerp(a: Tensor, b: Tensor, place: Tensor) -> Tensor:
    return a + (b - a) * place.to(a).view(-1, *[1] * (a.ndim - 1))


def _shrunk(images: Tensor) -> Tensor:
    factor = images.shape[2] // 256
    return F.avg_pool2d(images, factor) if factor > 1 else images
