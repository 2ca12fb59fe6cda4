"""pix2pixHD's generator: a network at half the side, and others around it. Wang et al. 2018, arXiv:1711.11585, 3.2.

Paper   here
G_1     `coarse`, at the smallest side
G_2     `finer[0]` and so on, each at twice the side of the one before
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes


def coarse_to_fine_sizes(halvings: int, enhancers: int) -> Sizes:
    """What such a generator takes: the blocks reflect a pixel at the smallest side, so there are two or more."""
    return Sizes(multiple=1 << (halvings + enhancers), least=max(2 << (halvings + enhancers), 4 << enhancers))


@final
class CoarseToFine(nn.Module):
    """Images or layouts [N, inputs, H, W] -> images [N, outputs, H, W] in [-1, 1], float32.

    width: channels at the full side; they double with each enhancer and each of the coarse network's halvings. blocks:
    of the coarse network. enhancers: networks around it, each of which sees the input at twice the side and adds what
    is finer to the maps of the one before; 0 for the coarse network alone. enhancer_blocks: of each.
    A norm and ReLU after every convolution but the last, so no other has a bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int,
        halvings: int,
        blocks: int,
        enhancers: int,
        enhancer_blocks: int,
        norm: Norm = "instance",
    ) -> None:
        super().__init__()
        self.sizes = coarse_to_fine_sizes(halvings, enhancers)
        wide = width << enhancers
        layers: list[nn.Module] = [_first(inputs, wide, norm)]
        layers += [_down(wide << level, norm) for level in range(halvings)]
        layers += [Block(wide << halvings, norm) for _ in range(blocks)]
        layers += [_up(wide << level, norm) for level in reversed(range(halvings))]
        self.coarse = nn.Sequential(*layers)
        self.finer = nn.ModuleList(
            _Enhancer(inputs, width << level, enhancer_blocks, norm) for level in reversed(range(enhancers))
        )
        self.last = nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect")
        initialise(self, "normal", 0.02)

    def forward(self, layout: Tensor) -> Tensor:
        sides = [layout]
        for _ in self.finer:
            sides.append(F.avg_pool2d(sides[-1], 3, 2, 1, count_include_pad=False))
        maps = self.coarse(sides.pop())
        for enhancer in self.finer:
            maps = enhancer(sides.pop(), maps)
        images: Tensor = self.last(maps).float().tanh()
        return images


@final
class _Enhancer(nn.Module):
    """The input at this side [N, inputs, H, W], and maps [N, 2 width, H / 2, W / 2] -> maps [N, width, H, W]."""

    def __init__(self, inputs: int, width: int, blocks: int, norm: Norm) -> None:
        super().__init__()
        self.down = nn.Sequential(_first(inputs, width, norm), _down(width, norm))
        self.up = nn.Sequential(*(Block(2 * width, norm) for _ in range(blocks)), _up(width, norm))

    def forward(self, layout: Tensor, maps: Tensor) -> Tensor:
        finer: Tensor = self.up(self.down(layout) + maps)
        return finer


def _first(inputs: int, width: int, norm: Norm) -> nn.Module:
    conv = nn.Conv2d(inputs, width, 7, padding=3, bias=False, padding_mode="reflect")
    return nn.Sequential(conv, norm2d(norm, width), nn.ReLU(inplace=True))


def _down(width: int, norm: Norm) -> nn.Module:
    conv = nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False)
    return nn.Sequential(conv, norm2d(norm, 2 * width), nn.ReLU(inplace=True))


def _up(width: int, norm: Norm) -> nn.Module:
    conv = nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1, bias=False)
    return nn.Sequential(conv, norm2d(norm, width), nn.ReLU(inplace=True))
