"""Convolutions of points with kernels in space: of Gaussians, in closed form, and of points that reach linearly.

Atzmon et al. 2018 (PCNN), arXiv:1803.10091, section 4; Thomas et al. 2019 (KPConv), arXiv:1904.08889, eq. 2 to 4.
"""

from __future__ import annotations

import math
from itertools import product
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.kernels.points import gathered


def gaussian_weights(away: Tensor, spread: float) -> Tensor:
    """How much each of 27 Gaussian kernels takes of a Gaussian at each neighbour, in closed form.

    away: [..., 3], from the point where the result is wanted to a neighbour. The kernels lie on a cube of 3x3x3, 2
    `spread` apart, each of width `spread` as the neighbour's: their convolution is a Gaussian of width √2 `spread`,
    times (π spread²)^(3/2), over (2 π spread²)^(3/2), so that each kernel is a density. Returns [..., 27].
    """
    steps = torch.tensor(list(product((-1, 0, 1), repeat=3)), dtype=away.dtype, device=away.device) * 2 * spread
    distance = (away[..., None, :] + steps).square().sum(-1)
    return (-distance / (4 * spread**2)).exp() * 0.5**1.5  # type: ignore[no-any-return]


def linear_weights(away: Tensor, kernel: Tensor, reach: float) -> Tensor:
    """How much each kernel point has to do with each neighbour: 1 at the point itself, 0 from `reach` on.

    away: [..., 3], from the middle to a neighbour. kernel: [K, 3]. Returns [..., K].
    """
    distance = (away[..., None, :] - kernel).square().sum(-1).clamp_min(1e-12).sqrt()
    return (1 - distance / reach).clamp_min(0)


def kernel_points(radius: float) -> Tensor:
    """Fifteen points: the middle, six on the axes and eight on the diagonals, all others at `radius`.  [15, 3]"""
    axes = torch.cat((torch.eye(3), -torch.eye(3)))
    corners = torch.tensor(list(product((-1.0, 1.0), repeat=3))) / math.sqrt(3)
    return torch.cat((torch.zeros(1, 3), axes, corners)) * radius


def density(places: Tensor, index: Tensor, spread: float) -> Tensor:
    """The sum of the Gaussians of the neighbours [N, P, K] of each of places [N, P, 3]: [N, P], at least 1 with the
    point among its own neighbours."""
    away = gathered(places, index) - places[:, :, None]
    total: Tensor = (-away.square().sum(3) / (2 * spread**2)).exp().sum(2)
    return total


@final
class GaussianConv(nn.Module):
    """PCNN's layer: features become a sum of Gaussians in space, which is convolved with 27 Gaussians and read again at
    the points.  [N, P, C] -> [N, P, D]

    The Gaussian of a point is divided by the density there, so that where points are dense each counts less.
    """

    def __init__(self, inputs: int, outputs: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.weight = nn.Parameter(torch.randn(27, inputs, outputs) * math.sqrt(2 / (27 * inputs)) * 2)

    def forward(self, places: Tensor, values: Tensor, index: Tensor) -> Tensor:
        """index: [N, P, K], the neighbours of each point, itself among them."""
        away = gathered(places, index) - places[:, :, None]
        scaled = values / density(places, index, self.spread)[..., None]
        weight = gaussian_weights(away, self.spread)  # [N, P, K, 27]
        joined = weight.transpose(2, 3) @ gathered(scaled, index)  # [N, P, 27, C]
        return joined.flatten(2) @ self.weight.flatten(0, 1)


@final
class KernelPointConv(nn.Module):
    """KPConv's layer: the sum over neighbours and kernel points of reach times a matrix times features.

    [N, P, C] -> [N, P, D]. Kernel points lie 1.5 `reach` from the middle.
    """

    kernel: Tensor

    def __init__(self, inputs: int, outputs: int, reach: float) -> None:
        super().__init__()
        self.reach = reach
        self.register_buffer("kernel", kernel_points(1.5 * reach))
        self.weight = nn.Parameter(torch.randn(15, inputs, outputs) * math.sqrt(2 / (15 * inputs)))

    def forward(self, places: Tensor, values: Tensor, index: Tensor) -> Tensor:
        """index: [N, P, K], the neighbours of each point, itself among them."""
        away = gathered(places, index) - places[:, :, None]
        weight = linear_weights(away, self.kernel, self.reach)  # [N, P, K, 15]
        joined = weight.transpose(2, 3) @ gathered(values, index)
        return joined.flatten(2) @ self.weight.flatten(0, 1)
