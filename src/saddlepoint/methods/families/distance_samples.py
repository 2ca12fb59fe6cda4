"""Places near a surface, drawn by signed distances on a grid, and what the grid says there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.coordinate_mlp import at_places

_APART = 0.02  # of all weight, what is spread evenly: places far from any surface


def places_near(distances: Tensor, uniform: Tensor, near: float) -> Tensor:
    """Places [N, P, 3] in [-1, 1], the first half inside and the others outside, more of them nearer to the surface.

    distances: [N, 1, S, S, S]. uniform: [N, P, 4], U[0, 1). near: the distance within which the density falls by e. A
    shape without an inside gets places near its least distance.
    """
    side, half = distances.shape[2], uniform.shape[1] // 2
    flat = distances.flatten(1)
    weight = (-flat.abs() / near).exp() + _APART
    parts = []
    for mask, chance in ((flat <= 0, uniform[:, :half, 3]), (flat > 0, uniform[:, half:, 3])):
        sums = (weight * mask + 1e-9).double().cumsum(1)
        parts.append(torch.searchsorted(sums, chance.double() * sums[:, -1:]).clamp(max=flat.shape[1] - 1))
    voxel = torch.cat(parts, 1)
    index = torch.stack((voxel % side, voxel // side % side, voxel // side**2), -1)
    return (index + uniform[..., :3]) * (2 / side) - 1


def onto_surface(distances: Tensor, place: Tensor, rounds: int = 3) -> tuple[Tensor, Tensor]:
    """Places [N, P, 3] moved to the surface along the slope of the distances, and the outward normals there."""
    for _ in range(rounds):
        value, slope = value_and_slope(distances, place)
        place = (place - value * slope / (slope**2).sum(-1, keepdim=True).clamp_min(1e-6)).clamp(-1, 1)
    return place, F.normalize(value_and_slope(distances, place)[1], dim=-1)


def value_and_slope(distances: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """What a grid [N, 1, S, S, S] says at places [N, P, 3]: [N, P, 1], and its slope there, [N, P, 3]."""
    step = torch.eye(3, device=place.device) / distances.shape[2]
    ends = [at_places(distances, place + way) - at_places(distances, place - way) for way in step]
    return at_places(distances, place), torch.cat(ends, -1) * (distances.shape[2] / 2)


def read_grid(field: nn.Module, place: Tensor, at_once: int = 1 << 16) -> Tensor:
    """What a network of places says at each of [P, 3]: [P, C], some at once."""
    return torch.cat([field(part) for part in place.split(at_once)])
