"""Distances between clouds: Chamfer's, and the earth mover's. Achlioptas et al. 2018, arXiv:1707.02392, section 2."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.nn.kernels.points import squared_distances


def chamfer(a: Tensor, b: Tensor) -> Tensor:
    """The mean squared distance of each point to the nearest of the other cloud, both ways, added.

    [N, A, 3] and [N, B, 3] -> [N]. Can be differentiated.
    """
    distance = squared_distances(a, b)
    total: Tensor = distance.amin(2).mean(1) + distance.amin(1).mean(1)
    return total


def earth_movers(a: Tensor, b: Tensor) -> Tensor:
    """The mean distance that points are moved by the cheapest matching of one cloud to the other, exactly.

    [N, P, 3] each -> [N]. Can be differentiated: the matching, which scipy finds, counts as fixed. It costs about P³.
    Raises ShapeError for clouds of unequal size.
    """
    if a.shape != b.shape:
        raise ShapeError(
            f"the earth mover's distance matches clouds of one size, not {list(a.shape)} and {list(b.shape)}."
        )
    with torch.no_grad():
        costs = squared_distances(a, b).sqrt().cpu().numpy()
    partner = torch.from_numpy(np.stack([linear_sum_assignment(cost)[1] for cost in costs])).to(a.device)
    matched = b.gather(1, partner[..., None].expand_as(b))
    moved: Tensor = ((a - matched).square().sum(2) + 1e-12).sqrt().mean(1)
    return moved
