"""Depths that are right but for scale and shift: disparities brought to one middle and one spread, then compared.

Ranftl et al. 2020, arXiv:1907.01341, eq. 5 and 6, as Long-LRM has it: Ziwen et al. 2024, arXiv:2410.12781, eq. 4.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-6


def disparity_distance(depth: Tensor, aim: Tensor) -> Tensor:
    """The smooth mean absolute difference of disparities, each image's less its median and over its mean deviation.

    depth, aim: [n, H, W]; where the aim is 0 nothing is known, and nothing is compared. Aims have no gradient. An image
    with fewer than two known pixels counts as 0.
    """
    totals = []
    for own, other in zip(depth, aim.detach()):
        known = other > 0
        if int(known.sum()) < 2:
            totals.append(own.sum() * 0)
            continue
        totals.append(F.smooth_l1_loss(_normal(own[known]), _normal(other[known])))
    return torch.stack(totals).mean()


def _normal(depth: Tensor) -> Tensor:
    """Disparities of depths [P] about their median, in their mean deviation from it."""
    disparity = 1 / depth.clamp_min(_LEAST)
    off = disparity - disparity.median()
    return off / off.abs().mean().clamp_min(_LEAST)
