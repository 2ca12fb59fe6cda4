"""Orbits seen from higher, lower, nearer or farther: cameras moved about the point that all of them look at."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.camera import pose_of

_SPREAD = 1e-6  # least eigenvalue, as a share of the cameras' number, with which axes meet in one point


def centre_of(cameras: Tensor) -> Tensor:
    """The point nearest to the axes of all cameras, by least squares.  [n, 22] -> [3]

    Raises ShapeError for axes that are parallel, which meet nowhere.
    """
    pose = pose_of(cameras).double()
    axis, place = pose[:, :3, 2], pose[:, :3, 3]
    across = torch.eye(3, dtype=torch.float64, device=axis.device) - axis[:, :, None] * axis[:, None]
    total = across.sum(0)
    if float(torch.linalg.eigvalsh(total)[0]) < _SPREAD * len(cameras):
        raise ShapeError("the axes of these cameras are parallel: they look at no common point.")
    centre: Tensor = torch.linalg.solve(total, (across @ place[:, :, None]).sum(0))[:, 0]
    return centre.to(cameras.dtype)


def moved(cameras: Tensor, centre: Tensor, lift: float, nearer: float) -> Tensor:
    """Cameras that look at the same point from elsewhere, their horizon kept.  [n, 22] -> [n, 22]

    centre: [3]. lift: degrees above where each camera stands, about its own axis to the right. nearer: how many times
    nearer to the centre.
    """
    pose = pose_of(cameras).double()
    right, angle = pose[:, :3, 0], math.radians(-lift)
    zero = torch.zeros_like(right[:, 0])
    skew = torch.stack(
        (zero, -right[:, 2], right[:, 1], right[:, 2], zero, -right[:, 0], -right[:, 1], right[:, 0], zero), 1
    )
    skew = skew.view(-1, 3, 3)
    turned = torch.eye(3, dtype=torch.float64, device=right.device) + math.sin(angle) * skew
    turned = turned + (1 - math.cos(angle)) * skew @ skew
    result = cameras.clone()
    rotation = turned @ pose[:, :3, :3]
    offset = (turned @ (pose[:, :3, 3] - centre.double())[:, :, None])[:, :, 0] / nearer
    pose = pose.clone()
    pose[:, :3, :3], pose[:, :3, 3] = rotation, centre.double() + offset
    result[:, :16] = pose.flatten(1).to(cameras.dtype)
    return result
