"""Features of places in space from three planes. Chan et al. 2022, arXiv:2112.07945, section 4.1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def from_planes(planes: Tensor, place: Tensor) -> Tensor:
    """What three planes say of places, bilinearly; zero outside.  [N, 3, C, P, P], [N, M, 3] -> [N, 3, M, C]

    place: in [-1, 1]. The planes hold (x, y), (x, z) and (z, y), columns first. The authors' code projects the third
    onto (z, x), which the second has already, so that y beside z is never read (their issue 67); here it is mended.
    """
    n, _, channels, side, _ = planes.shape
    x, y, z = place.unbind(-1)
    grid = torch.stack((torch.stack((x, y), -1), torch.stack((x, z), -1), torch.stack((z, y), -1)), 1)  # [N, 3, M, 2]
    flat = planes.reshape(n * 3, channels, side, side)
    values = F.grid_sample(flat, grid.flatten(0, 1)[:, None], align_corners=False)  # [3 N, C, 1, M]
    features: Tensor = values[:, :, 0].mT.unflatten(0, (n, 3))
    return features
