"""Pictures of many scenes at once, each a field of its own that rays are marched through."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.nn.render.march import Light, by_weight, composite, lengths, stratified
from saddlepoint.nn.render.rays import Rays, crossing

Field = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""places [N, P, 3], directions [N, P, 3] -> densities [N, P], colours [N, P, C]"""


def marched(
    field: Field,
    rays: Rays,
    n: int,
    centre: Tensor,
    half: Tensor,
    coarse: int,
    fine: int,
    chance: Tensor | None = None,
) -> Light:
    """The light along the rays of `n` scenes, as many rays each, inside a cube.

    rays: scene by scene, R = n r. centre: [3]. half: of the cube's side, a scalar. coarse, fine: samples at random in
    equal parts, and samples where the light of those comes from. chance: [R, coarse + fine] in [0, 1); None for the
    same samples every time. Places are given to the field in units of the cube, in [-1, 1].
    """

    def lit(distance: Tensor) -> tuple[Tensor, Tensor]:
        places = ((rays.at(distance) - centre) / half).view(n, -1, 3)
        ahead = rays.ahead[:, None].expand(-1, distance.shape[1], -1).reshape(n, -1, 3)
        density, colour = field(places, ahead)
        return density.view_as(distance), colour.view(*distance.shape, -1)

    near, far = crossing(rays, centre, half)
    distance = stratified(near, far, coarse, None if chance is None else chance[:, :coarse])
    density, colour = lit(distance)
    if fine:
        part = (far - near)[:, None] / coarse
        edges = near[:, None] + part * torch.arange(coarse + 1, device=near.device)
        weight = composite(density, colour, lengths(distance, far), distance).weight
        middles = (torch.arange(fine, device=near.device) + 0.5) / fine
        more = by_weight(edges, weight, middles.expand(len(near), -1) if chance is None else chance[:, coarse:])
        other_density, other_colour = lit(more)
        distance, order = torch.cat((distance, more), 1).sort(1)
        density = torch.cat((density, other_density), 1).gather(1, order)
        both = torch.cat((colour, other_colour), 1)
        colour = both.gather(1, order[..., None].expand_as(both))
    return composite(density, colour, lengths(distance, far), distance)
