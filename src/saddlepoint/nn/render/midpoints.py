"""Light along rays by the midpoint rule, as EG3D marches them: what lies between two samples is their mean.

Chan et al. 2022, arXiv:2112.07945; github.com/NVlabs/eg3d, the ray marcher and the importance renderer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.render.march import Light, by_weight

_LEAST = 0.01  # weight of every part when finer samples are drawn


def lit_between(raw: Tensor, colour: Tensor, distance: Tensor) -> Light:
    """The light of samples in rows, with softplus(mean raw - 1) as the density between two.

    raw: [R, S]. colour: [R, S, C]. distance: [R, S], ascending.
    """
    middle, shade = (raw[:, :-1] + raw[:, 1:]) / 2, (colour[:, :-1] + colour[:, 1:]) / 2
    depth = F.softplus(middle - 1) * (distance[:, 1:] - distance[:, :-1])
    upto = depth.cumsum(1)
    weight = torch.exp(depth - upto) * -torch.expm1(-depth)
    opacity = -torch.expm1(-upto[:, -1])
    along = (distance[:, :-1] + distance[:, 1:]) / 2
    distant = (weight * along).sum(1) / opacity.clamp_min(1e-6)
    return Light((weight[..., None] * shade).sum(1), opacity, distant, weight)


def marched_between(
    lit: Callable[[Tensor], tuple[Tensor, Tensor]],
    near: Tensor,
    far: Tensor,
    coarse: int,
    fine: int,
    chance: Tensor | None = None,
) -> Light:
    """The light along rays from `near` to `far` [R] or a little beyond.

    lit: distances [R, S] to raw densities [R, S] and colours [R, S, C]. coarse: samples evenly apart, each moved on by
    at most that distance; fine: samples where the light of these comes from. chance: [R, coarse + fine] in [0, 1); None
    for the same every time.
    """
    share = torch.arange(coarse, device=near.device) / (coarse - 1)
    apart = (far - near)[:, None] / (coarse - 1)
    moved = apart / 2 if chance is None else apart * chance[:, :coarse]
    distance = near[:, None] + (far - near)[:, None] * share + moved
    raw, colour = lit(distance)
    if not fine:
        return lit_between(raw, colour, distance)
    weight = lit_between(raw, colour, distance).weight
    smooth = F.avg_pool1d(F.max_pool1d(weight[:, None], 2, 1, padding=1), 2, 1)[:, 0] + _LEAST
    middles = (distance[:, :-1] + distance[:, 1:]) / 2
    even = ((torch.arange(fine, device=near.device) + 0.5) / fine).expand(len(near), -1)
    more = by_weight(middles[:, : coarse - 2], smooth[:, 1:-1], even if chance is None else chance[:, coarse:])
    other_raw, other_colour = lit(more)
    distance, order = torch.cat((distance, more), 1).sort(1)
    both = torch.cat((colour, other_colour), 1)
    return lit_between(
        torch.cat((raw, other_raw), 1).gather(1, order), both.gather(1, order[..., None].expand_as(both)), distance
    )
