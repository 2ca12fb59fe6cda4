"""The networks of SRGAN: a residual generator with sub-pixel convolutions, and its critic. Ledig et al. 2017,
arXiv:1609.04802, figure 4.

Paper        here
B            `blocks`
n64          `width`
pixel shuffle   Shi et al. 2016, arXiv:1609.05158
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError


@final
class SRResNet(nn.Module):
    """Images [N, C, h, w] in [-1, 1] -> [N, C, h * scale, w * scale], float32, of any size.

    scale: 2, 4 or 8. bicubic: add what bicubic interpolation makes, with a last layer that starts at zero, so that
    training begins there; the paper has no such skip. bounded: end in (tanh + 1) / 2, so in [0, 1], and have a PReLU in
    place of the norm before the long skip, as in leftthomas/SRGAN; it takes images in [0, 1] too.
    Raises ConfigError for another scale.
    """

    def __init__(
        self, channels: int, scale: int, width: int, blocks: int, *, bicubic: bool = False, bounded: bool = False
    ) -> None:
        super().__init__()
        if scale not in (2, 4, 8):
            raise ConfigError(f"this network enlarges 2, 4 or 8 times, not {scale} times.")
        self.scale, self.bicubic, self.bounded = scale, bicubic, bounded
        self.first = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        last = nn.PReLU() if bounded else nn.BatchNorm2d(width)
        self.joint = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), last)
        self.up = nn.Sequential(
            *(
                layer
                for _ in range(scale.bit_length() - 1)
                for layer in (nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())
            )
        )
        self.last = nn.Conv2d(width, channels, 9, padding=4)
        if bicubic:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        x = x + self.joint(self.blocks(x))
        large: Tensor = self.last(self.up(x)).float()
        if self.bicubic:
            large = large + F.interpolate(image.float(), scale_factor=self.scale, mode="bicubic", align_corners=False)
        return (torch.tanh(large) + 1) / 2 if self.bounded else large


@final
class _Block(nn.Module):
    """conv, BN, PReLU, conv, BN beside a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.layers(x)
        return added


@final
class SRCritic(nn.Module):
    """Images [N, C, H, W] -> [N] logits: eight convolutions, each second one halves and doubles the channels.

    The paper's two dense layers stand on maps of 6x6 pixels; here they are averaged to 1x1 first, so that any size from
    16 pixels on goes in.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = [width * times for times in (1, 1, 2, 2, 4, 4, 8, 8)]
        layers: list[nn.Module] = []
        for level, (narrow, wide) in enumerate(pairwise([channels, *widths])):
            layers += [nn.Conv2d(narrow, wide, 3, 1 + level % 2, 1)]
            layers += [*([nn.BatchNorm2d(wide)] if level else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.verdict = nn.Sequential(nn.Linear(widths[-1], 16 * width), nn.LeakyReLU(0.2), nn.Linear(16 * width, 1))

    def features(self, image: Tensor) -> Tensor:
        """The maps before the verdict.  [N, 8 width, H / 16, W / 16]"""
        maps: Tensor = self.layers(image)
        return maps

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.verdict(self.features(image).mean((2, 3)))
        return torch.squeeze(logits, 1).float()
