"""Things of boxes and balls, and what cameras see of them: rays meet each exactly. Lit from one side, on white."""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of

Part = tuple[Tensor, Tensor, Tensor]
"""of n things: its centre [n, 3], half sides [n, 3] of a box or radius [n] of a ball, and colour [n, 3] in [0, 1]"""
_FINER = 2  # rays a pixel and axis
_LIGHT = (0.35, -0.45, 0.82)
_FAR = 1e3


def drawn(boxes: list[Part], balls: list[Part], camera: Tensor) -> Tensor:
    """What each camera [n, 22], all of one size, sees of its thing.  [n, 3, side, side] in [0, 1]"""
    side = int(camera[0, 20])
    fine = side * _FINER
    line = (torch.arange(fine) + 0.5) / _FINER
    y, x = torch.meshgrid(line, line, indexing="ij")
    pose, lens = pose_of(camera), camera[:, 16:, None, None]
    flat = torch.stack(
        ((x - lens[:, 2]) / lens[:, 0], (y - lens[:, 3]) / lens[:, 1], torch.ones(len(camera), fine, fine)), -1
    )
    ray = torch.nn.functional.normalize(flat.flatten(1, 2), dim=2) @ pose[:, :3, :3].mT  # [n, R, 3]
    start = pose[:, None, :3, 3]
    away = torch.full(ray.shape[:2], _FAR)
    normal, colour = torch.zeros_like(ray), torch.ones_like(ray)
    for centre, half, paint in boxes:
        own = start - centre[:, None]
        near, axis = _box(own, ray, half[:, None])
        row, place = torch.nonzero(near < away, as_tuple=True)
        side_of = axis[row, place]
        away[row, place], colour[row, place] = near[row, place], paint[row]
        normal[row, place] = -torch.nn.functional.one_hot(side_of, 3) * ray[row, place].sign()
    for centre, radius, paint in balls:
        own = start - centre[:, None]
        near = _ball(own, ray, radius[:, None])
        row, place = torch.nonzero(near < away, as_tuple=True)
        away[row, place], colour[row, place] = near[row, place], paint[row]
        normal[row, place] = (own[row, 0] + ray[row, place] * near[row, place, None]) / radius[row, None]
    light = torch.tensor(_LIGHT)
    bright = 0.5 + 0.5 * (normal @ (light / light.norm())).clamp_min(0)
    colour = torch.where((away < _FAR)[..., None], colour * bright[..., None], colour)
    return torch.nn.functional.avg_pool2d(colour.mT.unflatten(2, (fine, fine)), _FINER)


def _box(start: Tensor, ray: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays enter a box around the origin, far where they miss, and across which axis.  [n, R] twice"""
    ahead = torch.where(ray.abs() < 1e-9, torch.full_like(ray, 1e-9), ray)
    one, other = (-half - start) / ahead, (half - start) / ahead
    near, axis = torch.minimum(one, other).max(2)
    hit = (near < torch.maximum(one, other).amin(2)) & (near > 0)
    return torch.where(hit, near, torch.full_like(near, _FAR)), axis


def _ball(start: Tensor, ray: Tensor, radius: Tensor) -> Tensor:
    """Where rays enter a ball around the origin; far where they miss.  [n, R]"""
    middle = -(start * ray).sum(2)
    deep = radius**2 - start.square().sum(2) + middle.square()
    near = middle - deep.clamp_min(0).sqrt()
    return torch.where((deep > 0) & (near > 0), near, torch.full_like(near, _FAR))
