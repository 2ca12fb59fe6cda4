"""PointNet's networks: transforms of space and of features, and the maximum over points. Qi et al. 2017,
arXiv:1612.00593, section 4.2 and supplement C.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.pointwise import LargestOfPoints, point_layers


@final
class TransformNet(nn.Module):
    """[N, P, C] -> a matrix for each cloud, [N, size, size], which is the identity before any training."""

    def __init__(self, inputs: int, size: int, width: int) -> None:
        super().__init__()
        self.points = LargestOfPoints(inputs, (width, 2 * width, 16 * width))
        self.whole = point_layers(16 * width, (8 * width, 4 * width))
        self.matrix = nn.Linear(4 * width, size * size)
        nn.init.zeros_(self.matrix.weight)
        with torch.no_grad():
            self.matrix.bias.copy_(torch.eye(size).flatten())
        self.size = size

    def forward(self, values: Tensor) -> Tensor:
        matrix: Tensor = self.matrix(self.whole(self.points(values)))
        return matrix.view(-1, self.size, self.size)


@final
class PointNetTrunk(nn.Module):
    """Clouds [N, P, 3 + features] -> local [N, P, W] and global [N, 16 W] features, and the transform of features.

    A matrix acts on rows from the right. What a point has beside its place is not turned with it.
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.turn = TransformNet(3, 3, width)
        self.first = point_layers(3 + features, (width, width))
        self.mix = TransformNet(width, width, width)
        self.second = LargestOfPoints(width, (width, 2 * width, 16 * width))
        self.width = width

    def forward(self, cloud: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        places = cloud[..., :3] @ self.turn(cloud[..., :3])
        local = self.first(torch.cat((places, cloud[..., 3:]), 2))
        mix = self.mix(local)
        local = local @ mix
        return local, self.second(local), mix


def away_from_orthogonal(matrix: Tensor) -> Tensor:
    """Half the squared Frobenius norm of A Aᵀ - I, summed over the batch, as the authors' code has it.  [N, W, W]"""
    eye = torch.eye(matrix.shape[1], device=matrix.device)
    total: Tensor = (matrix @ matrix.transpose(1, 2) - eye).square().sum() / 2
    return total
