"""GRAF's networks: a field with codes of shape and appearance, and a critic of patches. Schwarz et al. 2020."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.frequencies import frequencies
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally

_SKIP = 4  # the layer after which the place is given once more


def waves(values: Tensor, octaves: int) -> Tensor:
    """Values beside sin and cos of 2^k times each.  [..., D] -> [..., D (1 + 2 octaves)]"""
    return torch.cat((values, frequencies(values / math.pi, octaves)[..., values.shape[-1] :]), -1)


@final
class GrafField(nn.Module):
    """Codes [N, shape + appearance] and places [N, P, 3] -> raw densities [N, P] and colours [N, P, 3] in [0, 1].

    The density depends on the place and the first `shape` numbers alone; the colour on the direction and the others as
    well. octaves, ahead_octaves: of the encodings of places and of directions.
    """

    def __init__(
        self, shape: int, appearance: int, width: int = 256, layers: int = 8, octaves: int = 10, ahead_octaves: int = 4
    ) -> None:
        super().__init__()
        self.shape, self.octaves, self.ahead_octaves = shape, octaves, ahead_octaves
        inputs = 3 * (1 + 2 * octaves) + shape
        wide = [inputs] + [width + inputs * (number == _SKIP) for number in range(layers - 1)]
        self.layers = nn.ModuleList(nn.Linear(size, width) for size in wide)
        self.density, self.feature = nn.Linear(width, 1), nn.Linear(width, width)
        self.from_ahead = nn.Linear(width + 3 * (1 + 2 * ahead_octaves) + appearance, width // 2)
        self.colour = nn.Linear(width // 2, 3)

    def modulation(self, latent: Tensor) -> Tensor:
        """The code itself."""
        return latent

    def forward(self, code: Tensor, place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """ahead: [N, P, 3], unit directions."""
        shape, appearance = (part[:, None].expand(-1, place.shape[1], -1)
                             for part in (code[:, : self.shape], code[:, self.shape :]))  # fmt: skip
        start = torch.cat((waves(place, self.octaves), shape), 2)
        x = start
        for number, layer in enumerate(self.layers):
            x = F.relu(layer(x))
            if number == _SKIP and number + 1 < len(self.layers):
                x = torch.cat((start, x), 2)
        beside = torch.cat((self.feature(x), waves(ahead, self.ahead_octaves), appearance), 2)
        return self.density(x).squeeze(2), self.colour(F.relu(self.from_ahead(beside))).sigmoid()


@final
class PatchwiseCritic(nn.Module):
    """Square patches [N, 3, P, P] -> logits [N]; P is 8, 16, 32. Spectral norm, instance norm after the first layer."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        widths = [3] + [min(width << number, 8 * width) for number in range(int(math.log2(side)) - 2)]
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
            layers += [nn.InstanceNorm2d(outputs)] * bool(number) + [nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, bias=False))
        normalise_spectrally(self)

    def forward(self, patch: Tensor) -> Tensor:
        logits: Tensor = self.layers(patch).flatten()
        return logits
