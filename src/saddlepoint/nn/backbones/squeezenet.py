"""SqueezeNet 1.1, its convolutional part. Iandola et al. 2016, arXiv:1602.07360."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.trunk import Trunk
from saddlepoint.nn.backbones.weights import WeightFile


class Fire(nn.Module):
    """A narrow 1x1 convolution, then 1x1 and 3x3 side by side, each with a ReLU."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, 2 expanded, H, W]"""
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


@final
class SqueezeNet(Trunk):
    """Seven taps from 64 to 512 channels."""

    published = WeightFile(
        "squeezenet1_1-b8a52dc0.pth",
        "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        "b8a52dc0",
        "BSD-3-Clause",
    )
    taps = (1, 4, 7, 9, 10, 11, 12)
    widths = (64, 128, 256, 384, 384, 512, 512)

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 64, 3, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(64, 16, 64),
            Fire(128, 16, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(128, 32, 128),
            Fire(256, 32, 128),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(256, 48, 192),
            Fire(384, 48, 192),
            Fire(384, 64, 256),
            Fire(512, 64, 256),
        )
