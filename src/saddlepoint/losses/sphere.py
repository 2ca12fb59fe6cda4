"""Points that a critic lays on a sphere, and how far they are from its pole. Park & Kwon 2019, Sphere GAN,
doi:10.1109/CVPR.2019.00437, eq. 5 to 7, with three moments.

The critic wants real images far from the pole and made ones near; no penalty is needed, since no distance is over pi.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pole_distance(points: Tensor) -> Tensor:
    """Points [N, D] of the plane, laid on the unit sphere from its pole: their distance to the pole, in (0, pi].
    [N]"""
    return 2 * torch.atan2(torch.ones_like(points[:, 0]), torch.linalg.vector_norm(points.float(), dim=1))


def moments(points: Tensor, count: int = 3) -> Tensor:
    """The sum of the first `count` moments of the distance, a scalar."""
    far = pole_distance(points)
    return torch.stack([far.pow(power).mean() for power in range(1, count + 1)]).sum()
