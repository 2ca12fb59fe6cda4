"""A translator that reads several images of one thing each by itself and all together. Yurt et al. 2021,
arXiv:1909.11504: the many-to-one stream and the one-to-one streams of mustGAN, joined at a depth.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes


@final
class StreamsTranslator(nn.Module):
    """Images [N, inputs, H, W] -> images [N, outputs, H, W] in [-1, 1], float32; H and W are multiples of 4.

    streams: parts of equally many channels that are read each by itself, beside all together; 1 for all together alone,
    which is CycleGAN's generator. width: channels at the full side. blocks: residual ones, of which `before` come
    before the streams are joined and the others after.
    """

    sizes = Sizes(multiple=4, least=8)

    def __init__(
        self, inputs: int, outputs: int, width: int, blocks: int, streams: int, before: int, norm: Norm = "instance"
    ) -> None:
        super().__init__()
        self.parts = inputs // streams
        parts = [inputs, *([self.parts] * streams if streams > 1 else [])]
        self.streams = nn.ModuleList(_down(each, width, before, norm) for each in parts)
        wide = 4 * width
        joined: list[nn.Module] = []
        if streams > 1:
            joined = [nn.Conv2d(len(parts) * wide, wide, 1, bias=False), norm2d(norm, wide), nn.ReLU()]
        layers = [*joined, *(Block(wide, norm) for _ in range(blocks - before))]
        for each in (wide, 2 * width):
            up = nn.ConvTranspose2d(each, each // 2, 3, 2, 1, 1, bias=False)
            layers += [up, norm2d(norm, each // 2), nn.ReLU()]
        self.rest = nn.Sequential(*layers, nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect"))
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        maps = [self.streams[0](image)]
        if len(self.streams) > 1:
            maps += [stream(part) for stream, part in zip(self.streams[1:], image.split(self.parts, 1))]
        images: Tensor = self.rest(torch.cat(maps, 1)).float().tanh()
        return images


def _down(inputs: int, width: int, blocks: int, norm: Norm) -> nn.Sequential:
    first = nn.Conv2d(inputs, width, 7, padding=3, bias=False, padding_mode="reflect")
    layers: list[nn.Module] = [first, norm2d(norm, width), nn.ReLU()]
    for each in (width, 2 * width):
        layers += [nn.Conv2d(each, 2 * each, 3, 2, 1, bias=False), norm2d(norm, 2 * each), nn.ReLU()]
    return nn.Sequential(*layers, *(Block(4 * width, norm) for _ in range(blocks)))
