"""A U-Net without norm whose skips are joined, as VDN (Yue et al. 2019, arXiv:1908.11314) and DANet (Yue et al. 2020,
arXiv:2007.05946) have it."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class JoiningUNet(nn.Module):
    """Images [N, C, H, W] -> [N, D, H, W], of any size.

    width: channels at full size, doubled at each of `depth` sizes. strided: halve by a 4x4 convolution of its own,
    else by the mean of 2x2 pixels. Where a side cannot be halved so often it is padded with its edge, and the result
    is cut.
    """

    def __init__(
        self, channels: int, outputs: int, width: int, depth: int, *, strided: bool, slope: float = 0.2
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(depth)]
        self.down = nn.ModuleList()
        for level, own in enumerate(widths):
            layers = _pair(channels if level == 0 else widths[level - 1], own, slope)
            halves = strided and level < depth - 1
            self.down.append(nn.ModuleList([layers, *([nn.Conv2d(own, own, 4, 2, 1, bias=False)] if halves else [])]))
        self.up = nn.ModuleList(
            nn.ModuleList([nn.ConvTranspose2d(2 * own, own, 2, 2), _pair(2 * own, own, slope)])
            for own in reversed(widths[:-1])
        )
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        self.multiple = 1 << (depth - 1)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        rest = (0, -width % self.multiple, 0, -height % self.multiple)
        x = F.pad(image, rest, mode="replicate") if any(rest) else image
        skips: list[Tensor] = []
        down: Any = self.down
        up: Any = self.up
        for level, (layers, *halve) in enumerate(down):
            x = layers(x)
            if level < len(self.down) - 1:
                skips.append(x)
                x = halve[0](x) if halve else F.avg_pool2d(x, 2)
        for (enlarge, layers), skip in zip(up, reversed(skips)):
            x = layers(torch.cat((enlarge(x), skip), 1))
        output: Tensor = self.last(x)
        return output[..., :height, :width]


def _pair(channels: int, width: int, slope: float) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(slope, inplace=True)),
        *(nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(slope, inplace=True)),
    )
