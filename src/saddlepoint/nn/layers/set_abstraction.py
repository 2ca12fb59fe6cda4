"""PointNet++'s layers: small PointNets on balls of several radii around chosen points, and the way back to all points.
Qi et al. 2017, arXiv:1706.02413, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.kernels.points import farthest, gathered, in_ball, interpolated
from saddlepoint.nn.layers.pointwise import LargestOfPoints, point_layers


@dataclass(frozen=True)
class Ball:
    """Neighbourhoods of one size: `radius`, `count` neighbours, and the widths of the network on them."""

    radius: float
    count: int
    widths: tuple[int, ...]


@final
class SetAbstraction(nn.Module):
    """Points with features -> fewer points, each with what the balls around it hold, the features of all sizes in turn.

    In a ball places count from its middle, in the cloud's own units.
    """

    def __init__(self, features: int, points: int, balls: Sequence[Ball]) -> None:
        super().__init__()
        self.points, self.balls = points, tuple(balls)
        self.networks = nn.ModuleList(LargestOfPoints(3 + features, ball.widths) for ball in self.balls)
        self.features = sum(ball.widths[-1] for ball in self.balls)

    def forward(self, places: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """places: [N, P, 3]. values: [N, P, C], C may be 0. Returns those of the chosen points.

        A cloud of fewer points than are to be chosen keeps all of its points.
        """
        centres = gathered(places, farthest(places, min(self.points, places.shape[1])))
        features = []
        for ball, network in zip(self.balls, self.networks):
            index = in_ball(places, centres, ball.radius, min(ball.count, places.shape[1]))  # [N, M, K]
            near = gathered(places, index) - centres[:, :, None]
            features.append(network(torch.cat((near, gathered(values, index)), 3)))
        return centres, torch.cat(features, 2)


@final
class WholeSet(nn.Module):
    """Points with features -> one vector for each cloud: a PointNet on all of them."""

    def __init__(self, features: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.network = LargestOfPoints(3 + features, widths)

    def forward(self, places: Tensor, values: Tensor) -> Tensor:
        """[N, P, 3] and [N, P, C] -> [N, widths[-1]]"""
        whole: Tensor = self.network(torch.cat((places, values), 2))
        return whole


@final
class Propagation(nn.Module):
    """Features of few points carried to many by their three nearest, joined with what the many have, and mixed."""

    def __init__(self, few: int, many: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.network = point_layers(few + many, widths)

    def forward(self, places: Tensor, values: Tensor, targets: Tensor, own: Tensor) -> Tensor:
        """places, values: of the few [N, P, 3], [N, P, C]. targets, own: of the many [N, M, 3], [N, M, D].

        A single vector for each cloud, P = 1, is given to all alike.
        """
        carried = interpolated(values, places, targets)
        mixed: Tensor = self.network(torch.cat((own, carried), 2))
        return mixed
