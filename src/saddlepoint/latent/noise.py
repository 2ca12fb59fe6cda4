"""Noise maps that stay noise while they are sought. Karras et al. 2020, arXiv:1912.04958, appendix D.

Free maps would take up the image itself. So neighbours are held uncorrelated at every scale, and after each step a map
has mean 0 and deviation 1 again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST = 8
"""side in pixels down to which a map is averaged and looked at again"""


def maps_of(noise: Tensor, sides: Sequence[int]) -> Iterator[Tensor]:
    """[n, P] -> the layers' maps, each [n, 1, side, side], as views."""
    for part, side in zip(noise.split([side**2 for side in sides], 1), sides):
        yield part.view(-1, 1, side, side)


def autocorrelation(noise: Tensor, sides: Sequence[int]) -> Tensor:
    """Sum over maps and scales of the squared mean product of neighbours, across and down.  [n, P] -> [n]

    A coarser scale is the mean of 2x2 places, doubled, which keeps the deviation of what is noise. The edge wraps.
    """
    total = noise.new_zeros(len(noise))
    for full in maps_of(noise, sides):
        scale = full
        while True:
            for axis in (2, 3):
                total = total + (scale * scale.roll(1, axis)).mean((1, 2, 3)).square()
            if scale.shape[2] <= SMALLEST:
                break
            scale = F.avg_pool2d(scale, 2) * 2
    return total


@torch.no_grad()
def renormalise_(noise: Tensor, sides: Sequence[int]) -> None:
    """Give each map of [n, P] mean 0 and deviation 1, in place."""
    for full in maps_of(noise, sides):
        full -= full.mean((2, 3), keepdim=True)
        full *= full.square().mean((2, 3), keepdim=True).clamp_min(1e-12).rsqrt()
