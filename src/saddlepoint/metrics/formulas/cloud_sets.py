"""How a set of clouds compares with another one: coverage, least distance and 1-nearest-neighbour accuracy.

Achlioptas et al. 2018, arXiv:1707.02392, section 2 (COV and MMD); Yang et al. 2019, arXiv:1906.12320, section 5.1
(1-NNA, of Lopez-Paz & Oquab 2017). Distances are Chamfer's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.losses.clouds import chamfer


def chamfer_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Chamfer's distance of every pair of clouds, [A, P, 3] and [B, Q, 3] -> [A, B]."""
    return torch.stack([chamfer(cloud.expand(len(b), -1, -1), b) for cloud in a])


def coverage(between: Tensor) -> float:
    """The share of references that are the nearest to some cloud. between: [clouds, references]."""
    return len(between.argmin(1).unique()) / between.shape[1]


def least_distance(between: Tensor) -> float:
    """The mean over references of the distance to the nearest cloud (MMD)."""
    return float(between.amin(0).mean())


def nearest_accuracy(own: Tensor, between: Tensor, others: Tensor) -> float:
    """The share of clouds and references whose nearest other one of both sets is of their own set: .5 for two sets of
    one distribution, 1 for sets that are apart.

    own: [A, A], between: [A, B], others: [B, B].
    """
    upper = torch.cat((own + _far(own), between), 1)
    lower = torch.cat((between.T, others + _far(others)), 1)
    nearest = torch.cat((upper, lower)).argmin(1)
    first = torch.arange(len(nearest)) < len(own)
    return float(((nearest < len(own)) == first).float().mean())


def _far(square: Tensor) -> Tensor:
    """Infinity on the diagonal: nothing is its own neighbour."""
    return torch.diag(torch.full((len(square),), torch.inf)).nan_to_num(0.0, posinf=torch.inf)
