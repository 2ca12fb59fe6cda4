"""NAFNet: a U-Net of blocks without any activation: gates of products take their place. Chen et al. 2022,
arXiv:2204.04676, figure 3 and section 3.3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class NAFNet(nn.Module):
    """Images [N, C, H, W] -> [N, D, H, W], float32, of any size.

    width: channels at full size, doubled with each halving. encoder, decoder: blocks at each size; middle: at the
    smallest.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        width: int,
        encoder: Sequence[int],
        middle: int,
        decoder: Sequence[int],
    ) -> None:
        super().__init__()
        self.skips = channels == outputs
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.down, self.encoders = nn.ModuleList(), nn.ModuleList()
        for count in encoder:
            self.encoders.append(nn.Sequential(*(NAFBlock(width) for _ in range(count))))
            self.down.append(nn.Conv2d(width, 2 * width, 2, 2))
            width *= 2
        self.middle = nn.Sequential(*(NAFBlock(width) for _ in range(middle)))
        self.up, self.decoders = nn.ModuleList(), nn.ModuleList()
        for count in decoder:
            self.up.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width //= 2
            self.decoders.append(nn.Sequential(*(NAFBlock(width) for _ in range(count))))
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        self.multiple = 1 << len(encoder)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        rest = (0, -width % self.multiple, 0, -height % self.multiple)
        x = self.first(F.pad(image, rest, mode="replicate") if any(rest) else image)
        skips: list[Tensor] = []
        for blocks, halve in zip(self.encoders, self.down):
            x = blocks(x)
            skips.append(x)
            x = halve(x)
        x = self.middle(x)
        for enlarge, blocks, skip in zip(self.up, self.decoders, reversed(skips)):
            x = blocks(enlarge(x) + skip)
        residual: Tensor = self.last(x)[..., :height, :width]
        return (image + residual if self.skips else residual).float()


@final
class NAFBlock(nn.Module):
    """[N, C, H, W] -> the same shape; at the start what came in, since both branches are weighed by nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(width)
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.spread = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.attention = nn.Conv2d(width, width, 1)
        self.narrow = nn.Conv2d(width, width, 1)
        self.second_norm = ChannelNorm(width)
        self.second_widen = nn.Conv2d(width, 2 * width, 1)
        self.second_narrow = nn.Conv2d(width, width, 1)
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = _gate(self.spread(self.widen(self.norm(x))))
        y = self.narrow(y * self.attention(y.mean((2, 3), keepdim=True)))
        x = x + self.beta * y
        y = self.second_narrow(_gate(self.second_widen(self.second_norm(x))))
        output: Tensor = x + self.gamma * y
        return output


@final
class ChannelNorm(nn.LayerNorm):
    """The channels of each pixel of [N, C, H, W] with mean 0 and deviation 1, then a gain and a shift for each."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-6)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


def _gate(x: Tensor) -> Tensor:
    """The product of the two halves of the channels."""
    one, other = x.chunk(2, 1)
    return one * other
