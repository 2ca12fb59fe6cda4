"""A decoder of content alone: what UNIT makes images from. Liu et al. 2017, arXiv:1703.00848, in the form of Huang et
al. 2018, arXiv:1804.04732, appendix B.2, whose encoder it goes with.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import LayerNorm2d, Norm


@final
class ContentDecoder(nn.Module):
    """Content [N, width 2^halvings, h, w] -> images [N, C, h 2^halvings, w 2^halvings] in [-1, 1], float32.

    Residual blocks, then as many doublings by repetition, each with 5x5 and layer norm.
    """

    def __init__(self, channels: int, width: int, halvings: int, blocks: int, norm: Norm = "instance") -> None:
        super().__init__()
        wide = width << halvings
        self.blocks = nn.Sequential(*(Block(wide, norm) for _ in range(blocks)))
        layers: list[nn.Module] = []
        for _ in range(halvings):
            conv = nn.Conv2d(wide, wide // 2, 5, padding=2, padding_mode="reflect")
            layers += [nn.Upsample(scale_factor=2), conv, LayerNorm2d(wide // 2), nn.ReLU()]
            wide //= 2
        self.up = nn.Sequential(*layers)
        self.last = nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect")
        initialise(self, "he")

    def forward(self, content: Tensor) -> Tensor:
        images: Tensor = self.last(self.up(self.blocks(content))).float().tanh()
        return images
