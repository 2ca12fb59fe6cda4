"""Differential privacy of a gradient: each example's own, clipped, summed, with noise; and what it adds up to.

Clipping and noise: Abadi et al. 2016, arXiv:1607.00133, Algorithm 1. The accountant is of Renyi's divergences of the
subsampled Gaussian mechanism: Mironov et al. 2019, arXiv:1908.10530, section 3.3; from them to (epsilon, delta) by
Canonne et al. 2020, arXiv:2004.00010, proposition 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, vmap

ORDERS = range(2, 64)
"""orders of Renyi's divergence that the least epsilon is taken over"""


def clipped_sum(
    loss: Callable[..., Tensor],
    parameters: Mapping[str, Tensor],
    examples: tuple[Tensor, ...],
    bound: float,
    kept: Tensor,
) -> dict[str, Tensor]:
    """The sum of each example's gradient, cut to a norm of at most `bound` over all parameters together.

    loss: of parameters and one row of each of `examples`, a scalar. examples: tensors [N, ...]. kept: [N], 1 for rows
    that take part and 0 for others. An example changes the sum by at most `bound`.
    """
    gradients: Any = vmap(grad(loss), in_dims=(None, *[0] * len(examples)))(dict(parameters), *examples)
    norm = torch.stack([each.flatten(1).square().sum(1) for each in gradients.values()]).sum(0).sqrt()  # [N]
    scale = kept * (bound / norm.clamp_min(1e-12)).clamp_max(1)
    return {name: torch.einsum("n,n...->...", scale, each) for name, each in gradients.items()}


@lru_cache(maxsize=4096)
def epsilon(share: float, noise: float, times: int, delta: float) -> float:
    """What `times` noisy sums may tell of any one example: the epsilon of (epsilon, delta)-privacy, an upper bound.

    share: chance with which each example takes part in a sum, of its own. noise: deviation of the noise over the bound
    of an example's part; 0 for none, where nothing is private.
    """
    if not times:
        return 0.0
    if not noise or not delta:
        return math.inf
    return min(max(0.0, times * _renyi(order, share, noise) + _beside(order, delta)) for order in ORDERS)


def _beside(order: int, delta: float) -> float:
    """What delta adds at an order."""
    return math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)


def _renyi(order: int, share: float, noise: float) -> float:
    """The divergence of one sum."""
    if share == 1:
        return order / (2 * noise**2)
    terms = [
        math.lgamma(order + 1) - math.lgamma(k + 1) - math.lgamma(order - k + 1)
        + (order - k) * math.log1p(-share) + (k * math.log(share) if k else 0.0) + (k * k - k) / (2 * noise**2)
        for k in range(order + 1)
    ]  # fmt: skip
    most = max(terms)
    return (most + math.log(sum(math.exp(term - most) for term in terms))) / (order - 1)
