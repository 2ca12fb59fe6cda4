"""RIDNet: blocks of dilated convolutions that merge and run on, weighed channel by channel. Anwar & Barnes 2019,
arXiv:1904.07396, figure 2.

Paper   here
EAM     `Block`: enhancement attention module
M_g     the network's forward: the image and what the blocks find of it
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


@final
class RIDNet(nn.Module):
    """Images [N, C, H, W] -> the same shape, float32, of any size. squeeze: divides the channels of the attention."""

    def __init__(self, channels: int, outputs: int, width: int, blocks: int = 4, squeeze: int = 16) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(*(Block(width, squeeze) for _ in range(blocks)))
        self.tail = nn.Conv2d(width, outputs, 3, padding=1)
        self.skips = channels == outputs

    def forward(self, image: Tensor) -> Tensor:
        residual: Tensor = self.tail(self.blocks(self.head(image))).float()
        return image + residual if self.skips else residual


@final
class Block(nn.Module):
    """[N, C, H, W] -> the same shape."""

    def __init__(self, width: int, squeeze: int) -> None:
        super().__init__()
        self.run = _MergeRun(width)
        self.plain = _Residual(_conv(width), nn.ReLU(inplace=True), _conv(width))
        self.enhanced = _Residual(
            *(_conv(width), nn.ReLU(inplace=True), _conv(width), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1))
        )
        few = max(1, width // squeeze)
        self.attention = nn.Sequential(
            nn.Conv2d(width, few, 1), nn.ReLU(inplace=True), nn.Conv2d(few, width, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.enhanced(self.plain(self.run(x)))
        weighed: Tensor = x * self.attention(x.mean((2, 3), keepdim=True))
        return weighed


@final
class _MergeRun(nn.Module):
    """Two branches that see further with each layer, merged and added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Sequential(_conv(width), nn.ReLU(inplace=True), _conv(width, 2), nn.ReLU(inplace=True))
        self.far = nn.Sequential(_conv(width, 3), nn.ReLU(inplace=True), _conv(width, 4), nn.ReLU(inplace=True))
        self.merge = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        joined: Tensor = x + self.merge(torch.cat((self.near(x), self.far(x)), 1))
        return joined


@final
class _Residual(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


def _conv(width: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
