"""CBDNet's two networks: one finds how strong the noise is at each pixel, one takes it away. Guo et al. 2019,
arXiv:1807.04686, figure 2."""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.initialisation import initialise


@final
class NoiseLevel(nn.Module):
    """Images [N, C, H, W] -> the noise's deviation at each value, [N, C, H, W], 0 or more: five 3x3 convolutions."""

    def __init__(self, channels: int, width: int, layers: int = 5) -> None:
        super().__init__()
        widths = [channels, *[width] * (layers - 1), channels]
        convolutions = (nn.Conv2d(one, two, 3, padding=1) for one, two in pairwise(widths))
        self.layers = nn.Sequential(*(part for each in convolutions for part in (each, nn.ReLU(inplace=True))))

    def forward(self, image: Tensor) -> Tensor:
        level: Tensor = self.layers(image)
        return level


@final
class AddingUNet(nn.Module):
    """Images [N, C, H, W] -> [N, D, H, W], of any size: two halvings, whose skips are added.

    width: channels at full size; twice and four times at half and quarter size. depths: convolutions of the three
    sizes on the way down and of two on the way up.
    """

    def __init__(
        self, channels: int, outputs: int, width: int, depths: tuple[int, int, int, int, int] = (2, 3, 6, 3, 2)
    ) -> None:
        super().__init__()
        self.full = _chain(channels, width, depths[0])
        self.middle = _chain(width, 2 * width, depths[1])
        self.quarter = _chain(2 * width, 4 * width, depths[2])
        self.up_half = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2)
        self.middle_again = _chain(2 * width, 2 * width, depths[3])
        self.up_full = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.full_again = _chain(width, width, depths[4])
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, image: Tensor) -> Tensor:
        full = self.full(image)
        half = self.middle(_halved(full))
        x = half + _fitted(self.up_half(self.quarter(_halved(half))), half)
        x = full + _fitted(self.up_full(self.middle_again(x)), full)
        output: Tensor = self.last(self.full_again(x))
        return output


def _chain(channels: int, width: int, count: int) -> nn.Sequential:
    widths = [channels, *[width] * count]
    convolutions = (nn.Conv2d(one, two, 3, padding=1) for one, two in pairwise(widths))
    return nn.Sequential(*(part for each in convolutions for part in (each, nn.ReLU(inplace=True))))


def _halved(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2) if min(x.shape[2:]) > 1 else x


def _fitted(x: Tensor, like: Tensor) -> Tensor:
    """Padded with zeros at both sides, or cut, to the size of another."""
    down, across = (like.shape[axis] - x.shape[axis] for axis in (2, 3))
    return F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


@final
class CBDNet(nn.Module):
    """Images [N, C, H, W] -> without noise, float32, of any size; and what `level` finds of the noise."""

    def __init__(self, channels: int, level_width: int, width: int) -> None:
        super().__init__()
        self.level = NoiseLevel(channels, level_width)
        self.denoiser = AddingUNet(2 * channels, channels, width)
        initialise(self, "he")  # sixteen rectified layers without a norm would let smaller weights fade away
        nn.init.normal_(self.denoiser.last.weight, std=1e-3)

    def both(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The image without noise, and the noise's deviation."""
        level = self.level(image)
        return (image + self.denoiser(torch.cat((image, level), 1))).float(), level

    def forward(self, image: Tensor) -> Tensor:
        return self.both(image)[0]
