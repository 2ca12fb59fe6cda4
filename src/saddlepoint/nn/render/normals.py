"""Normals of what a depth map shows: across the places of neighbouring pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.render.rays import pixel_centres


def normals(depth: Tensor, camera: Tensor) -> Tensor:
    """Unit normals in the world's axes, towards the camera; 0 where there is no depth.  [1, H, W], [22] -> [3, H, W]

    depth: along the camera's axis, 0 where nothing is. Of two neighbours along an axis the nearer in depth counts,
    so that edges stay sharp.
    """
    height, width = depth.shape[1:]
    pose, lens = pose_of(camera), camera[16:]
    pixel = pixel_centres(height, width).to(depth.device)
    ahead = torch.stack(((pixel[:, 0] - lens[2]) / lens[0], (pixel[:, 1] - lens[3]) / lens[1]), 1)
    ahead = torch.cat((ahead, torch.ones_like(ahead[:, :1])), 1).view(height, width, 3)
    place = ahead * depth[0, ..., None]
    across, down = (_nearer(place, depth[0], axis) for axis in (1, 0))
    normal = torch.nn.functional.normalize(torch.linalg.cross(down, across), dim=2)
    away = (normal * place).sum(2, keepdim=True) > 0
    normal = torch.where(away, -normal, normal) * (depth[0] > 0)[..., None]
    return (normal @ pose[:3, :3].T).permute(2, 0, 1)


def _nearer(place: Tensor, depth: Tensor, axis: int) -> Tensor:
    """From each pixel's place to its neighbour's, or from the one before, whichever is nearer in depth.  [H, W, 3]"""
    step = place.diff(dim=axis)
    jump = depth.diff(dim=axis).abs()
    known = torch.minimum(*(depth.narrow(axis, begin, depth.shape[axis] - 1) for begin in (0, 1))) > 0
    jump = torch.where(known, jump, torch.full_like(jump, torch.inf))
    edge = [0, 0, 0, 1] if axis == 0 else [0, 1, 0, 0]
    back = [0, 0, 1, 0] if axis == 0 else [1, 0, 0, 0]
    after, before = (torch.nn.functional.pad(jump, sides, value=torch.inf) for sides in (edge, back))
    forth, earlier = (torch.nn.functional.pad(step, [0, 0, *sides]) for sides in (edge, back))
    return torch.where((after <= before)[..., None], forth, earlier)
