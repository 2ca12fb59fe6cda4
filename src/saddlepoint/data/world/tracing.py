"""Rays that meet surfaces of known distance: how far along each, and how the surface is turned there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of

Distance = Callable[[Tensor], Tensor]
"""signed distances of places to the nearest surface.  [n, 3] -> [n]"""

_STEPS, _HIT = 60, 2e-3


def rays_of(camera: Tensor, finer: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Starts and unit directions of a camera's rays [n, 3], and the cosine of each to the camera's axis [n].

    finer: rays a pixel and axis, n = finer^2 H W, row by row of the finer picture.
    """
    width, height = (int(number) for number in camera[20:].tolist())
    pose, (fx, fy, cx, cy) = pose_of(camera), camera[16:20]
    lines = ((torch.arange(side * finer) + 0.5) / finer for side in (height, width))
    y, x = torch.meshgrid(*lines, indexing="ij")
    flat = torch.stack(((x - cx) / fx, (y - cy) / fy, torch.ones_like(x)), -1).reshape(-1, 3)
    length = flat.norm(dim=1)
    return pose[:3, 3].expand_as(flat), (flat / length[:, None]) @ pose[:3, :3].T, 1 / length


def met(distance: Distance, start: Tensor, ray: Tensor, near: float, far: float) -> Tensor:
    """How far each ray [n, 3] goes to the surface, in steps of its distance; infinity where it meets none.  [n]"""
    travelled = torch.full((len(ray),), near)
    active = torch.arange(len(ray))
    for _ in range(_STEPS):
        away = distance(start[active] + ray[active] * travelled[active, None])
        travelled[active] += away
        active = active[(away > _HIT) & (travelled[active] < far)]
        if not len(active):
            break
    return torch.where(travelled < far, travelled, torch.full_like(travelled, torch.inf))


def upright(distance: Distance, place: Tensor) -> Tensor:
    """Unit normals of the surface at places [n, 3], pointing out of it."""
    slopes = [distance(place + axis) - distance(place - axis) for axis in 1e-3 * torch.eye(3)]
    return torch.nn.functional.normalize(torch.stack(slopes, 1), dim=1)
