"""AHDRNet: three exposures to one image, in which attention decides what of the two moved ones counts. Yan et al. 2019,
arXiv:1904.10293, figure 2."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class AHDRNet(nn.Module):
    """Three exposures [N, 3 C, H, W], channels of each together, the middle one the reference -> [N, D, H, W] in [0,
    1].

    blocks: always three, dilated and dense; layers: convolutions of each, which add `growth` channels.
    """

    def __init__(self, channels: int, outputs: int, width: int, layers: int = 6, growth: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.joint = nn.Conv2d(3 * width, width, 3, padding=1)
        self.attend_short = _attention(width)
        self.attend_long = _attention(width)
        self.blocks = nn.ModuleList(DilatedDense(width, layers, growth) for _ in range(3))
        self.merge = nn.Conv2d(3 * width, width, 1)
        self.merged = nn.Conv2d(width, width, 3, padding=1)
        self.fine = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, exposures: Tensor) -> Tensor:
        short, reference, long = (F.leaky_relu(self.first(each), 0.01) for each in exposures.chunk(3, 1))
        short = short * torch.sigmoid(self.attend_short(torch.cat((short, reference), 1)))
        long = long * torch.sigmoid(self.attend_long(torch.cat((long, reference), 1)))
        x = self.joint(torch.cat((short, reference, long), 1))
        maps: list[Tensor] = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        x = self.merged(self.merge(torch.cat(maps, 1))) + reference
        light: Tensor = torch.sigmoid(self.last(self.fine(x)).float())
        return light


def _attention(width: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.LeakyReLU(0.01)),
        nn.Conv2d(2 * width, width, 3, padding=1),
    )


@final
class DilatedDense(nn.Module):
    """[N, C, H, W] -> the same shape: each convolution sees all before it, at every second pixel."""

    def __init__(self, width: int, layers: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(width + number * growth, growth, 3, padding=2, dilation=2) for number in range(layers)
        )
        self.last = nn.Conv2d(width + layers * growth, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.layers:
            maps.append(torch.relu(layer(torch.cat(maps, 1))))
        added: Tensor = x + self.last(torch.cat(maps, 1))
        return added
