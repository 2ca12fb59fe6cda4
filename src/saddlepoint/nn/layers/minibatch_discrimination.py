"""How near each image is to the others of its batch, shown to the critic. Salimans et al. 2016, arXiv:1606.03498, 3.2.

A generator that makes the same image again and again is then found out by one look at a batch.

Paper  here
T      `tensor`, [A, B C]
B      kernels
C      dimensions
o(x)   the columns that are added
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn


@final
class MinibatchDiscrimination(nn.Module):
    """[N, features] -> [N, features + kernels]: each kernel adds the sum of exp(-distance) to all others in the batch.

    The distance is the sum of absolute differences of `dimensions` learned projections. The paper's sum runs over the
    image itself too, which adds 1 to all; here it does not, as in the authors' code. Columns of the tensor start about
    one long, as theirs do. A batch of one has nothing to compare, and gets zeros.
    """

    def __init__(self, features: int, kernels: int, dimensions: int = 5) -> None:
        super().__init__()
        self.kernels = kernels
        self.tensor = nn.Parameter(torch.randn(features, kernels * dimensions) / math.sqrt(features))

    def forward(self, x: Tensor) -> Tensor:
        placed = (x @ self.tensor).float().view(len(x), self.kernels, -1)  # [N, B, C]
        distance = (placed[:, None] - placed[None]).abs().sum(3)  # [N, N, B]
        near = torch.exp(-distance).sum(1) - 1  # each is at distance 0 from itself
        return torch.cat([x, near.to(x.dtype)], 1)
