"""Points in space: neighbours, farthest points, interpolation between sets. Plain torch, batched, no loops over points
but for the farthest ones. Source: Qi et al. 2017 (PointNet++), arXiv:1706.02413, sections 3.2 and 3.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError

_LEAST = 1e-10
"""of a squared distance that is divided by"""


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Of every pair, [N, A, D] and [N, B, D] -> [N, A, B], never negative.

    By the sum of squared differences, so that the distance of a point to itself is 0 to the bit, which the shorter
    form with a product of matrices does not keep.
    """
    total = torch.zeros(len(a), a.shape[1], b.shape[1], dtype=a.dtype, device=a.device)
    for one, other in zip(a.unbind(2), b.unbind(2)):
        total = total + (one[:, :, None] - other[:, None]).square()
    return total


def gathered(values: Tensor, index: Tensor) -> Tensor:
    """Rows of values [N, P, C] at index [N, ...], each in [0, P) -> [N, ..., C]."""
    flat = index.flatten(1)[..., None].expand(-1, -1, values.shape[2])
    return values.gather(1, flat).reshape(*index.shape, values.shape[2])


def farthest(places: Tensor, count: int) -> Tensor:
    """The numbers of `count` points, the first one and then always the one farthest from all before.

    places: [N, P, 3] -> [N, count] int64. Of equal distances the lowest number. Raises ShapeError for more points than
    there are.
    """
    n, points, _ = places.shape
    if not 1 <= count <= points:
        raise ShapeError(f"{count} of {points} points cannot be chosen: choose 1 to {points}.")
    chosen = torch.zeros(n, count, dtype=torch.long, device=places.device)
    nearest = torch.full((n, points), torch.inf, device=places.device)
    axes, rows, last = places.detach().unbind(2), torch.arange(n, device=places.device), chosen[:, 0]
    for number in range(1, count):
        away = torch.zeros_like(nearest)
        for axis in axes:
            away += (axis - axis[rows, last][:, None]).square()
        nearest = torch.minimum(nearest, away)
        last = chosen[:, number] = nearest.argmax(1)
    return chosen


def nearest_points(places: Tensor, centres: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The nearest `count` of places [N, P, 3] to centres [N, M, 3], the nearest first: indices and squared distances.

    [N, M, count] each; a centre that is a place itself is its own first neighbour. Raises ShapeError for too many.
    """
    if not 1 <= count <= places.shape[1]:
        raise ShapeError(f"{count} of {places.shape[1]} points cannot be neighbours: choose 1 to {places.shape[1]}.")
    distance = squared_distances(centres.detach(), places.detach())
    nearest = distance.topk(count, dim=2, largest=False, sorted=True)
    return nearest.indices, nearest.values


def in_ball(places: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """The first `count` of places [N, P, 3], by their number, within `radius` of each of centres [N, M, 3].

    [N, M, count] int64; where there are fewer, the first one stands again in the places left, and where there is none,
    the nearest of all. So a maximum over neighbours is that of the ball.
    """
    points = places.shape[1]
    distance = squared_distances(centres.detach(), places.detach())
    number = torch.arange(points, device=places.device).expand_as(distance)
    inside = torch.where(distance <= radius**2, number, points)
    index = inside.topk(min(count, points), dim=2, largest=False, sorted=True).values
    first = torch.where(index[..., :1] == points, distance.argmin(2, keepdim=True), index[..., :1])
    index = torch.where(index == points, first, index)
    if count > points:
        index = torch.cat((index, first.expand(*first.shape[:2], count - points)), 2)
    return index


def interpolated(values: Tensor, places: Tensor, targets: Tensor, count: int = 3) -> Tensor:
    """Values [N, P, C] at places [N, P, 3] carried to targets [N, M, 3] by their nearest ones: [N, M, C].

    Weights are 1/d² (at least 1e-10), normalised; so values that are constant stay so, and a target that is a place has
    its value. Source: PointNet++, eq. 2 with p = 2, k = 3.
    """
    index, distance = nearest_points(places, targets, min(count, places.shape[1]))
    weight = 1 / distance.clamp_min(_LEAST)
    weight = weight / weight.sum(2, keepdim=True)
    return (gathered(values, index) * weight[..., None]).sum(2)
