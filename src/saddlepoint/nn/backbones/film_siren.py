"""pi-GAN's network: a field of sines that a code modulates layer by layer. Chan et al. 2021, arXiv:2012.00926."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.film import FilmSine


@final
class FilmSiren(nn.Module):
    """Codes [N, latent] and places [N, P, 3] in [-1, 1] -> raw densities [N, P] and colours [N, P, 3] in [0, 1].

    width: of each layer. layers: before the density; one more makes the colour. mapping: width of the mapping network.
    """

    def __init__(self, latent: int, width: int, layers: int = 8, mapping: int = 256) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for inputs in (latent, mapping, mapping):
            parts += [nn.Linear(inputs, mapping), nn.LeakyReLU(0.2)]
        last = nn.Linear(mapping, 2 * (layers + 1) * width)
        self.mapping = nn.Sequential(*parts, last)
        for part in self.mapping:
            if isinstance(part, nn.Linear):
                nn.init.kaiming_normal_(part.weight, 0.2, nonlinearity="leaky_relu")
        with torch.no_grad():
            last.weight.mul_(0.25)
        self.layers = nn.ModuleList(FilmSine(width if layer else 3, width, first=not layer) for layer in range(layers))
        self.density = nn.Linear(width, 1)
        self.colour_layer = FilmSine(width + 3, width)
        self.colour = nn.Linear(width, 3)
        for head in (self.density, self.colour):
            bound = (6 / width) ** 0.5 / 25
            nn.init.uniform_(head.weight, -bound, bound)

    def modulation(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """The frequencies and phases of all layers, as the mapping gives them.  [N, (layers + 1) width] twice"""
        frequency, phase = self.mapping(latent).chunk(2, 1)
        return frequency, phase

    def forward(self, modulation: tuple[Tensor, Tensor], place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """ahead: [N, P, 3], unit directions."""
        count = len(self.layers) + 1
        frequency, phase = (part.unflatten(1, (count, -1)) for part in modulation)
        x = place
        layers: Any = self.layers
        for number, layer in enumerate(layers):
            x = layer(x, frequency[:, number], phase[:, number])
        colour = self.colour_layer(torch.cat((ahead, x), 2), frequency[:, -1], phase[:, -1])
        return self.density(x).squeeze(2), self.colour(colour).sigmoid()
