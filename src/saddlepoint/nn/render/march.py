"""Light along rays: samples of a density and a colour, put together from front to back.

Mildenhall et al. 2020, arXiv:2003.08934, eq. 3 and section 5.2. Samples stand in rows, one a ray, or in one list with
the ray of each; both give the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Light:
    """What comes along rays.

    colour: [R, C], without a background. opacity: [R] in [0, 1]. distance: [R], the mean of where the light comes from,
    0 where there is none. weight: each sample's share of the light, [R, S] or [M].
    """

    colour: Tensor
    opacity: Tensor
    distance: Tensor
    weight: Tensor

    def over(self, background: Tensor) -> Tensor:
        """The colours in front of a background [C].  [R, C]"""
        return self.colour + (1 - self.opacity)[:, None] * background


def composite(density: Tensor, colour: Tensor, length: Tensor, distance: Tensor) -> Light:
    """Rows of samples as the light of their rays.

    density: [R, S], 0 or more a unit of length. colour: [R, S, C]. length: [R, S], what each sample stands for.
    distance: [R, S]. Where lengths tile [a, b] and the density is constant, the opacity is 1 - exp(-density (b - a)).
    """
    depth = density * length
    upto = depth.cumsum(1)
    weight = torch.exp(depth - upto) * -torch.expm1(-depth)
    opacity = -torch.expm1(-upto[:, -1])
    distant = (weight * distance).sum(1) / opacity.clamp_min(1e-6)
    return Light((weight[..., None] * colour).sum(1), opacity, distant, weight)


def composite_listed(
    density: Tensor, colour: Tensor, length: Tensor, distance: Tensor, ray: Tensor, rays: int
) -> Light:
    """A list of samples [M], ray by ray and from front to back, as the light of `rays` rays.

    density, length, distance: [M]. colour: [M, C]. ray: int64 [M], ascending; rays without a sample are dark.
    """
    depth = (density * length).double()  # one sum runs over all rays, and single precision would lose the last ones
    total = depth.new_zeros(rays).index_add(0, ray, depth)
    before = depth.cumsum(0) - depth - (total.cumsum(0) - total)[ray]
    weight = (torch.exp(-before) * -torch.expm1(-depth)).to(colour.dtype)
    opacity = -torch.expm1(-total).to(colour.dtype)
    shades = colour.new_zeros(rays, colour.shape[1]).index_add(0, ray, weight[:, None] * colour)
    distant = colour.new_zeros(rays).index_add(0, ray, weight * distance) / opacity.clamp_min(1e-6)
    return Light(shades, opacity, distant, weight)


def stratified(near: Tensor, far: Tensor, count: int, chance: Tensor | None = None) -> Tensor:
    """Distances along rays, one in each of `count` equal parts.  [R] twice -> [R, count], ascending

    chance: [R, count] in [0, 1), where in its part each lies; None for the middles.
    """
    part = torch.arange(count, device=near.device, dtype=near.dtype)
    within = part + (0.5 if chance is None else chance)
    return near[:, None] + (far - near)[:, None] * within / count


def lengths(distance: Tensor, far: Tensor) -> Tensor:
    """What each sample stands for: up to the next one, and the last up to `far`.  [R, S], [R] -> [R, S]"""
    return torch.cat((distance[:, 1:], far[:, None]), 1) - distance


def by_weight(edges: Tensor, weight: Tensor, chance: Tensor) -> Tensor:
    """Distances drawn where the light comes from: by the inverse of a piecewise constant distribution.

    edges: [R, S + 1], ascending. weight: [R, S], 0 or more. chance: [R, N] in [0, 1). Returns [R, N], without gradient.
    """
    share = (weight + 1e-5).detach()
    share = share / share.sum(1, keepdim=True)
    sums = torch.cat((torch.zeros_like(share[:, :1]), share.cumsum(1)), 1)
    sums[:, -1] = 1.0
    place = torch.searchsorted(sums, chance.contiguous(), right=True).clamp(1, weight.shape[1])
    low, high = sums.gather(1, place - 1), sums.gather(1, place)
    left, right = edges.gather(1, place - 1), edges.gather(1, place)
    within = (chance - low) / (high - low).clamp_min(1e-9)
    return (left + (right - left) * within.clamp(0, 1)).detach()
