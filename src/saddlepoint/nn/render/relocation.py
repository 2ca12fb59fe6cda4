"""Gaussians as samples of a distribution: faint ones move to others, which change nothing by it, and places jitter.

Kheradmand et al. 2024, arXiv:2404.09591 (3DGS-MCMC), eq. 8 and 9 and appendix B.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from saddlepoint.nn.kernels.splat import rotations

MOST_COPIES = 51
"""of one splat at once; more count as so many"""


def relocated(opacity: Tensor, copies: Tensor) -> tuple[Tensor, Tensor]:
    """Opacity of each of N equal splats that together look as one did, and what its scale is multiplied by.  [P] twice

    opacity: [P] in (0, 1), of the one. copies: int [P], N, with itself.
    """
    number = copies.clamp(1, MOST_COPIES)
    thin = 1 - (1 - opacity.double()) ** (1 / number)
    most = int(number.max()) if len(number) else 1
    total = torch.zeros_like(thin)
    for i in range(1, most + 1):
        term = torch.zeros_like(thin)
        for k in range(i):
            term += math.comb(i - 1, k) * (-1) ** k * thin ** (k + 1) / math.sqrt(k + 1)
        total += torch.where(number >= i, term, torch.zeros_like(term))
    return thin.to(opacity.dtype), (opacity / total).to(opacity.dtype)


def jitter(noise: Tensor, scale: Tensor, turn: Tensor, opacity: Tensor) -> Tensor:
    """Noise [P, 3] by the covariance of each splat, for those alone that are nearly invisible.  [P, 3]

    scale: [P, 3]. turn: [P, 4] quaternions. opacity: [P].
    """
    gate = torch.sigmoid(-100 * (opacity - 0.005))
    turned = rotations(turn)
    along = (turned.transpose(1, 2) @ noise[:, :, None]) * scale.square()[:, :, None]
    return (turned @ along)[:, :, 0] * gate[:, None]
