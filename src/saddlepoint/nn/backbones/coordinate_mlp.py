"""Networks from places to values, plain and with what lets them learn fine detail.

raw: ReLU layers on the coordinates alone, which learn low frequencies first (Rahaman et al. 2019, arXiv:1806.08734).
frequencies: sines and cosines of 2^k pi x beside x (Mildenhall et al. 2020, arXiv:2003.08934, eq. 4).
fourier: sines and cosines of random directions, 2 pi B x (Tancik et al. 2020, arXiv:2006.10739, eq. 5).
siren: sines as activations (Sitzmann et al. 2020, arXiv:2006.09661, eq. 3 and section 3.2).
grid, sparse: features read from a uniform or a sparse grid, before a small network of ReLU layers.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.full_precision import in_full
from saddlepoint.nn.layers.feature_grid import DenseGrid, SparseGrid

Form = Literal["raw", "frequencies", "fourier", "siren", "grid"]


@final
class Frequencies(nn.Module):
    """[..., D] in [-1, 1] -> [..., D (1 + 2 count)]: x, then for k = 0, 1, ... the sine, the cosine of 2^k pi x_j."""

    def __init__(self, inputs: int, count: int) -> None:
        super().__init__()
        self.count, self.outputs = count, inputs * (1 + 2 * count)

    def forward(self, place: Tensor) -> Tensor:
        octaves = 2.0 ** torch.arange(self.count, device=place.device, dtype=place.dtype) * math.pi
        angle = place[..., None, :] * octaves[:, None]  # [..., count, D]
        waves = torch.stack((angle.sin(), angle.cos()), -1).flatten(-3)
        return torch.cat((place, waves), -1)


@final
class FourierFeatures(nn.Module):
    """[..., D] in [-1, 1] -> [..., 2 features]: cosines, sines of 2 pi B (x + 1) / 2, B drawn once from N(0, sd^2)."""

    directions: Tensor

    def __init__(self, inputs: int, features: int, sd: float) -> None:
        super().__init__()
        self.outputs = 2 * features
        self.register_buffer("directions", torch.randn(inputs, features) * sd)

    @in_full
    def forward(self, place: Tensor) -> Tensor:
        angle = math.pi * (place + 1) @ self.directions
        return torch.cat((angle.cos(), angle.sin()), -1)


@final
class Sine(nn.Module):
    """sin(omega (W x + b)), [..., n] -> [..., m].

    first: the layer that takes the coordinates, whose weights are U(-1/n, 1/n). Those of others are U(-r, r) with
    r = sqrt(6 / n) / omega, so that omega W x is N(0, 1) nearly in every layer; biases begin as torch's, U(-n^-.5,
    n^-.5), as in the authors' code, which widens it to a deviation of sqrt(1 + omega^2 / (3 n)).
    """

    def __init__(self, inputs: int, outputs: int, omega: float, *, first: bool) -> None:
        super().__init__()
        self.omega, self.linear = omega, nn.Linear(inputs, outputs)
        reach = 1 / inputs if first else math.sqrt(6 / inputs) / omega
        nn.init.uniform_(self.linear.weight, -reach, reach)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.omega * self.linear(x))


@final
class CoordinateMLP(nn.Module):
    """Places [..., D] in [-1, 1] -> values [..., outputs], float32, without a bound.

    width, depth: of the hidden layers. form: see above. detail: of frequencies their number, of Fourier features the
    standard deviation of B, of sines omega, of a grid its cells a side. features: of Fourier the rows of B, of a grid
    numbers at each of its nodes. sparse: room for so many nodes instead of all; 0 for all of them.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int,
        depth: int,
        form: Form,
        detail: float,
        features: int,
        sparse: int = 0,
    ) -> None:
        super().__init__()
        self.sines = form == "siren"
        self.encoding: nn.Module = nn.Identity()
        entering = inputs
        if form == "frequencies":
            self.encoding = Frequencies(inputs, int(detail))
            entering = self.encoding.outputs
        elif form == "fourier":
            self.encoding = FourierFeatures(inputs, features, detail)
            entering = self.encoding.outputs
        elif form == "grid":
            nodes = int(detail) + 1
            grid = SparseGrid(nodes, features, sparse) if sparse else DenseGrid(inputs, nodes, features)
            self.encoding, entering = grid, features
        sizes = list(pairwise([entering, *[width] * depth]))
        if self.sines:
            layers: list[nn.Module] = [Sine(*size, detail, first=not at) for at, size in enumerate(sizes)]
        else:
            layers = [nn.Sequential(nn.Linear(*size), nn.ReLU()) for size in sizes]
        self.hidden = nn.ModuleList(layers)
        self.output = nn.Linear(sizes[-1][1] if sizes else entering, outputs)
        if self.sines:
            reach = math.sqrt(6 / self.output.in_features) / detail
            nn.init.uniform_(self.output.weight, -reach, reach)

    def forward(self, place: Tensor) -> Tensor:
        x = self.encoding(place)
        for layer in self.hidden:
            x = layer(x)
        values: Tensor = self.output(x).float()
        return values


def at_places(grid: Tensor, place: Tensor) -> Tensor:
    """Values of grids between their middles, linearly.  [N, C, (D,) H, W] and [N, P, 2 or 3] in [-1, 1] -> [N, P, C]

    Coordinates are x, y (, z), the last axis of a grid first. Beyond the outermost middles values go on as they are.
    """
    axes = grid.dim() - 2
    places = place.view(len(place), *[1] * (axes - 1), -1, axes)
    read = F.grid_sample(grid, places, align_corners=False, padding_mode="border")
    values: Tensor = read.flatten(2).transpose(1, 2)
    return values
