"""pi-GAN's discriminator: residual blocks that know where in the image they are. Chan et al. 2021, arXiv:2012.00926."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class _CoordConv(nn.Module):
    """A 3x3 convolution that is given the row and the column of each place, in [-1, 1], beside its maps."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs + 2, outputs, 3, padding=1)
        nn.init.kaiming_normal_(self.conv.weight, 0.2, nonlinearity="leaky_relu")

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        row = (
            torch.linspace(-1, 1, height, device=x.device, dtype=x.dtype).view(1, 1, -1, 1).expand(len(x), 1, -1, width)
        )
        column = torch.linspace(-1, 1, width, device=x.device, dtype=x.dtype).expand(len(x), 1, height, -1)
        maps: Tensor = self.conv(torch.cat((x, row, column), 1))
        return maps


@final
class _Half(nn.Module):
    """Two convolutions and a mean over 2x2 beside a plain path, added and divided by the root of 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            _CoordConv(inputs, outputs), nn.LeakyReLU(0.2), _CoordConv(outputs, outputs), nn.LeakyReLU(0.2)
        )
        self.beside = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d((self.convs(x) + self.beside(x)) / math.sqrt(2), 2)


@final
class CoordinateCritic(nn.Module):
    """Images [N, 3, s, s] -> logits [N] and the direction [N, 3] from which it takes each to be seen.

    side: 8, 16, 32, ..., of the largest images; s is this, or after `wake` less. width: channels at the full side; they
    double with each halving, to at most `most`. smaller: how many sides before the largest `wake` may ask for. It grows
    as the authors' does: of a side that is new, `alpha` counts what its block makes, and 1 - alpha the halved image as
    the next block's own layer reads it.
    """

    def __init__(self, side: int, width: int, most: int = 400, *, smaller: int = 0) -> None:
        super().__init__()
        halvings = int(math.log2(side)) - 1  # to 2x2
        widths = [min(width << number, most) for number in range(halvings + 1)]
        self.from_image = nn.ModuleList(nn.Conv2d(3, maps, 1) for maps in widths[: 1 + smaller])
        self.blocks = nn.ModuleList(_Half(inputs, outputs) for inputs, outputs in pairwise(widths))
        self.output = nn.Conv2d(widths[-1], 4, 2)
        self.halved, self.alpha = 0, 1.0

    def wake(self, halved: int, alpha: float) -> None:
        """Take images of the full side halved so many times, of which the newest block counts `alpha` (0 to 1)."""
        self.halved, self.alpha = halved, alpha

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        first = self.halved
        maps = self._read(first, image)
        for number in range(first, len(self.blocks)):
            if number == first + 1 and self.alpha < 1:
                maps = torch.lerp(self._read(number, F.avg_pool2d(image, 2)), maps, self.alpha)
            maps = self.blocks[number](maps)
        numbers: Tensor = self.output(maps).flatten(1)
        return numbers[:, 0], numbers[:, 1:]

    def _read(self, number: int, image: Tensor) -> Tensor:
        return F.leaky_relu(self.from_image[number](image), 0.2)
