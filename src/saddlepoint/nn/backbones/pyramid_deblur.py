"""DeblurGAN-v2's generator: a feature pyramid over MobileNetV2 that finds what has to be added to a blurred image.
Kupyn et al. 2019, arXiv:1908.03826, section 3.1; Sandler et al. 2018, arXiv:1801.04381, table 2; Lin et al. 2017,
arXiv:1612.03144.

Its authors begin with a MobileNetV2 that was trained on ImageNet; here all layers begin at random, and a pyramid needs
longer for it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.deblurgan import instance
from saddlepoint.nn.sizes import Sizes

_CHANNELS = (32, 16, 24, 32, 64, 96, 160)
"""of MobileNetV2, after its first convolution and after each stage that the pyramid sees"""
_BLOCKS = (1, 2, 3, 4, 3, 2)
"""of its stages"""
_STRIDES = (1, 2, 2, 2, 1, 2)
"""of the first block of each"""
_EXPANSION = 6
_USUAL = 64
"""the width at which the trunk has the channels of MobileNetV2"""


@final
class PyramidDeblurGenerator(nn.Module):
    """Images [N, C, H, W] in [-1, 1], sides that 32 divides -> the same shape and range, float32.

    width: channels of each of the four heads, twice as many in the pyramid; 64 in the paper, where the trunk is a whole
    MobileNetV2, and a share of it elsewhere. norm: of what is not the trunk.
    """

    sizes = Sizes(multiple=32, least=64)

    def __init__(self, channels: int, width: int, *, norm: Callable[[int], nn.Module] = instance) -> None:
        super().__init__()
        own = [max(1, each * width // _USUAL) for each in _CHANNELS]
        stages: list[list[nn.Module]] = []
        for stage, ((before, after), blocks, stride) in enumerate(zip(pairwise(own), _BLOCKS, _STRIDES)):
            times = _EXPANSION if stage else 1
            more = [_Inverted(after, after, 1, times) for _ in range(blocks - 1)]
            stages.append([_Inverted(before, after, stride, times), *more])
        first = nn.Sequential(nn.Conv2d(channels, own[0], 3, 2, 1, bias=False), nn.BatchNorm2d(own[0]), nn.ReLU6())
        parts: list[list[nn.Module]] = [[first, *stages[0]], *stages[1:4], [*stages[4], *stages[5]]]
        self.down = nn.ModuleList(nn.Sequential(*part) for part in parts)  # to 1/2, 1/4, 1/8, 1/16 and 1/32
        wide = 2 * width

        def smooth(inputs: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), norm(outputs), nn.ReLU())

        self.up = nn.ModuleList(smooth(wide, wide) for _ in range(3))
        at = (own[6], own[4], own[3], own[2])  # from the coarsest
        self.across = nn.ModuleList(nn.Conv2d(each, wide, 1, bias=False) for each in at)
        self.finest = nn.Conv2d(own[1], width, 1, bias=False)
        self.heads = nn.ModuleList(_Head(wide, width) for _ in at)
        self.smooth = smooth(4 * width, width)
        self.smoother = smooth(width, width // 2)
        self.last = nn.Conv2d(width // 2, channels, 3, padding=1)

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """Maps at 1/2 (`width` channels), 1/4, 1/8, 1/16 and 1/32 (twice as many)."""
        maps = []
        for part in self.down:
            image = part(image)
            maps.append(image)
        top = [self.across[0](maps[4])]
        for across, up, lower in zip(self.across[1:], self.up, reversed(maps[1:4])):
            top.append(up(across(lower) + F.interpolate(top[-1], scale_factor=2)))
        return [self.finest(maps[0]), *reversed(top)]

    def forward(self, image: Tensor) -> Tensor:
        finest, *maps = self.pyramid(image)
        heads = [
            F.interpolate(head(one), scale_factor=1 << level) for level, (head, one) in enumerate(zip(self.heads, maps))
        ]
        x = self.smooth(torch.cat(heads[::-1], 1))
        x = self.smoother(F.interpolate(x, scale_factor=2) + finest)
        residual: Tensor = self.last(F.interpolate(x, scale_factor=2)).float().tanh()
        return (image + residual).clamp(-1, 1)


@final
class _Head(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.second(self.first(x).relu()).relu()
        return maps


@final
class _Inverted(nn.Module):
    """Widened by 1x1, each channel filtered by itself, narrowed by 1x1 without activation; a skip where it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        widen = [nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *widen,
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.layers(x)
        return x + changed if self.skips else changed
