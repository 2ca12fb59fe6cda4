"""DeepSDF's decoder: from a code and a place to a signed distance. Park et al. 2019, arXiv:1901.05103, section 4."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class NormedLinear(nn.Module):
    """A linear layer whose rows are a length times a direction. Salimans & Kingma 2016, arXiv:1602.07868, eq. 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        plain = nn.Linear(inputs, outputs)
        self.direction = nn.Parameter(plain.weight.detach().clone())
        self.length = nn.Parameter(plain.weight.detach().norm(dim=1, keepdim=True))
        self.bias = nn.Parameter(plain.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.length * F.normalize(self.direction, dim=1), self.bias)


@final
class SDFDecoder(nn.Module):
    """Codes [N, latent] and places [N, P, 3] -> signed distances [N, P, 1] in (-1, 1), float32.

    depth: hidden layers with ReLU and dropout, before a linear one and tanh. Code and place come in again half-way: the
    layer before gives so many numbers fewer.
    """

    def __init__(self, latent: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        entering = latent + 3
        self.again = depth // 2 if width > entering else 0
        self.dropout = dropout
        layers = []
        for at in range(depth):
            layers.append(NormedLinear(width if at else entering, width - entering * (at + 1 == self.again)))
        self.hidden, self.output = nn.ModuleList(layers), nn.Linear(width, 1)
        with torch.no_grad():  # narrow networks would begin beyond the clamp of the loss, where no slope is
            self.output.weight.mul_(0.1)
            self.output.bias.zero_()

    def forward(self, code: Tensor, place: Tensor) -> Tensor:
        entering = torch.cat((code[:, None].expand(-1, place.shape[1], -1), place), 2)
        x = entering
        for at, layer in enumerate(self.hidden):
            if at and at == self.again:
                x = torch.cat((x, entering), 2)
            x = F.dropout(F.relu(layer(x)), self.dropout, self.training)
        distances: Tensor = self.output(x).float().tanh()
        return distances


@final
class Codes(nn.Module):
    """A code for each of the training examples, drawn from N(0, 1 / latent).  rows [N] -> [N, latent]"""

    def __init__(self, examples: int, latent: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.randn(max(examples, 2), latent) / math.sqrt(latent))

    def forward(self, rows: Tensor) -> Tensor:
        return self.values[rows]

    def law(self) -> tuple[Tensor, Tensor]:
        """The mean of all codes [L] and the root [L, L] of their covariance, whose axes without spread get a little."""
        values = self.values.detach().double()
        middle = values.mean(0)
        covariance = torch.cov(values.T).view(values.shape[1], values.shape[1])
        least = 1e-4 * covariance.diagonal().mean() + 1e-12
        root = torch.linalg.cholesky(covariance + least * torch.eye(len(middle), device=values.device))
        return middle.float(), root.float()
