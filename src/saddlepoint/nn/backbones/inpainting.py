"""Networks that fill holes, and a critic with two verdicts; what is unknown comes as a last channel under 0.

Encoder and decoder about a code: Pathak et al. 2016, arXiv:1604.07379, figure 9. A residual network that sees far by
dilation, and a critic whose one trunk bears a verdict of patches and one of the whole: Demir & Unal 2018,
arXiv:1803.07422, figures 2 and 3.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.sizes import Sizes


def halvings_to_four(side: int) -> int:
    """How often a side is halved until it has 4 to 7 pixels; 1 at least."""
    return max(1, (side // 4).bit_length() - 1)


@final
class ContextNet(nn.Module):
    """Images with a channel of what is known, [N, C + 1, H, W], of one size -> whole images [N, C, H, W] in [-1, 1].

    width: channels after the first convolution; they double with each halving after the second, to 8 times. code:
    numbers that an image is described by between encoder and decoder.
    """

    def __init__(self, channels: int, size: tuple[int, int], width: int, code: int) -> None:
        super().__init__()
        halvings = halvings_to_four(min(size))
        self.sizes = Sizes(multiple=1 << halvings, least=8)
        self.sizes.check(*size)
        widths = [width * min(8, 1 << max(0, level - 1)) for level in range(halvings)]
        small = size[0] >> halvings, size[1] >> halvings
        layers: list[nn.Module] = []
        for level, own in enumerate(widths):
            layers.append(nn.Conv2d(channels + 1 if level == 0 else widths[level - 1], own, 4, 2, 1))
            layers += [*([nn.BatchNorm2d(own)] if level else []), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(widths[-1], code, small), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(code, widths[-1], small), nn.BatchNorm2d(widths[-1]), nn.ReLU()]
        for level in reversed(range(1, halvings)):
            layers += [nn.ConvTranspose2d(widths[level], widths[level - 1], 4, 2, 1)]
            layers += [nn.BatchNorm2d(widths[level - 1]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(widths[0], channels, 4, 2, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, source: Tensor) -> Tensor:
        image: Tensor = torch.tanh(self.layers(source).float())
        return image


@final
class DilatedNet(nn.Module):
    """Images with a channel of what is known, [N, C + 1, H, W], sides that 4 divides -> images [N, C, H, W] in [-1, 1].

    blocks: residual blocks at a quarter of the sides, whose convolutions reach 1, 2, 4 and 8 pixels in turn. What is
    found at full size is joined to what comes back from there, so that colours need not go through the small maps.
    """

    sizes = Sizes(multiple=4, least=8)

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.full = nn.Sequential(nn.Conv2d(channels + 1, width, 5, padding=2), nn.BatchNorm2d(width), nn.ReLU())
        self.down = nn.Sequential(
            *(nn.Conv2d(width, 2 * width, 3, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.BatchNorm2d(4 * width), nn.ReLU()),
        )
        self.blocks = nn.Sequential(*(_Dilated(4 * width, 1 << number % 4) for number in range(blocks)))
        self.up = nn.Sequential(
            *(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU()),
        )
        self.last = nn.Conv2d(2 * width, channels, 3, padding=1)

    def forward(self, source: Tensor) -> Tensor:
        full = self.full(source)
        large = self.up(self.blocks(self.down(full)))
        image: Tensor = torch.tanh(self.last(torch.cat((large, full), 1)).float())
        return image


@final
class _Dilated(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.layers(x)
        return added


@final
class PatchGlobalCritic(nn.Module):
    """Images [N, C, H, W] -> logits of patches [N, 1, h, w], and of the whole [N, 1], from one trunk.

    width: channels in the first layer, doubled with each of `halvings` halvings, to 8 times.
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        super().__init__()
        widths = [width * min(8, 1 << level) for level in range(halvings)]
        self.sizes = Sizes(multiple=1 << halvings, least=1 << halvings)
        trunk: list[nn.Module] = []
        for level, own in enumerate(widths):
            trunk.append(nn.Conv2d(channels if level == 0 else widths[level - 1], own, 4, 2, 1))
            trunk += [*([_norm(own)] if 0 < level < halvings - 1 else []), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*trunk)
        self.patch = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.whole = nn.Sequential(nn.Linear(widths[-1], widths[-1]), nn.LeakyReLU(0.2), nn.Linear(widths[-1], 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.trunk(image)
        return self.patch(maps).float(), self.whole(maps.mean((2, 3))).float()


def _norm(width: int) -> nn.Module:
    return nn.GroupNorm(1, width)
