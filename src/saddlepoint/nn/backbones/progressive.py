"""ProGAN's networks, built whole and woken side by side. Karras et al. 2018, arXiv:1710.10196, section 2, appendix A.

A network has levels: 4x4 is level 0, and each further one doubles the side. Those above `level` sleep: they take no
part and get no gradient. While a level is new, `alpha` goes from 0, where the network is exactly that of the level
before, to 1, where that one's image layer no longer counts.
"""

from __future__ import annotations

import math
from abc import ABC
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.kernels.resample import resample
from saddlepoint.nn.layers.equalised import EqualisedConv2d, EqualisedLinear
from saddlepoint.nn.layers.minibatch_deviation import MinibatchDeviation
from saddlepoint.nn.layers.pixel_norm import pixel_norm

_ROOT2 = math.sqrt(2)
SOFT = (0.25, 0.5, 0.25)
"""[1, 2, 1] / 4: the blur of the first StyleGAN"""


class Grows(nn.Module, ABC):
    """A network with levels, all awake at first."""

    def __init__(self, resolution: int) -> None:
        super().__init__()
        self.level = self.last = resolution.bit_length() - 3
        self.alpha = 1.0

    def wake(self, level: int, alpha: float) -> None:
        """Take part up to `level`, which counts `alpha` (0 to 1); no weights change."""
        self.level, self.alpha = level, alpha


def maps_at(level: int, base: int, most: int) -> int:
    """Channels: base / side, at most `most`. The paper has 16384 and 512: 512 up to 32x32, 16 at 1024."""
    return min(base >> (level + 2), most)


def faded(old: Tensor, new: Tensor, alpha: float) -> Tensor:
    """(1 - alpha) old + alpha new."""
    return torch.lerp(old, new, alpha)


def doubled(x: Tensor) -> Tensor:
    """Every pixel four times."""
    return F.interpolate(x, scale_factor=2.0)


@final
class ProgressiveGenerator(Grows):
    """[N, latent] -> images [N, C, s, s], float32, roughly in [-1, 1]; s = 4 * 2^level. base, most: see `maps_at`."""

    def __init__(self, latent: int, channels: int, resolution: int, base: int, most: int) -> None:
        super().__init__(resolution)
        maps = [maps_at(level, base, most) for level in range(self.last + 1)]
        self.project = EqualisedLinear(latent, 16 * maps[0], gain=_ROOT2 / 4)
        self.first = EqualisedConv2d(maps[0], maps[0], 3, gain=_ROOT2)
        self.blocks = nn.ModuleList(_Double(inputs, outputs) for inputs, outputs in pairwise(maps))
        self.images = nn.ModuleList(EqualisedConv2d(width, channels, 1) for width in maps)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.project(pixel_norm(latent.float())).view(len(latent), 4, 4, -1).permute(0, 3, 1, 2)
        x = _after(self.first(pixel_norm(F.leaky_relu(x, 0.2))))
        before = x
        for block in self.blocks[: self.level]:
            before, x = x, block(x)
        image: Tensor = self.images[self.level](x).float()
        if self.alpha < 1 and self.level:
            image = faded(doubled(self.images[self.level - 1](before).float()), image, self.alpha)
        return image


class _Double(nn.Module):
    """Doubled; 3x3, leaky ReLU, pixel norm, twice."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = EqualisedConv2d(inputs, outputs, 3, gain=_ROOT2)
        self.conv2 = EqualisedConv2d(outputs, outputs, 3, gain=_ROOT2)

    def forward(self, x: Tensor) -> Tensor:
        return _after(self.conv2(_after(self.conv1(doubled(x)))))


def _after(x: Tensor) -> Tensor:
    return pixel_norm(F.leaky_relu(x, 0.2))


@final
class ProgressiveCritic(Grows):
    """Images [N, C, s, s] -> [N] logits; s = 4 * 2^level, and larger images are averaged down to it.

    group: of the minibatch deviation. blur: before each halving, as in the first StyleGAN.
    """

    def __init__(self, channels: int, resolution: int, base: int, most: int, *, group: int, blur: bool = False) -> None:
        super().__init__(resolution)
        maps = [maps_at(level, base, most) for level in range(self.last + 1)]
        self.images = nn.ModuleList(EqualisedConv2d(channels, width, 1, gain=_ROOT2) for width in maps)
        # blocks[i] leads from level i + 1 to level i
        self.blocks = nn.ModuleList(_Halve(inputs, outputs, blur) for outputs, inputs in pairwise(maps))
        self.deviation = MinibatchDeviation(group)
        self.conv = EqualisedConv2d(maps[0] + 1, maps[0], 3, gain=_ROOT2)
        self.dense = EqualisedLinear(16 * maps[0], maps[0], gain=_ROOT2)
        self.output = EqualisedLinear(maps[0], 1)

    def forward(self, image: Tensor) -> Tensor:
        image = F.avg_pool2d(image, max(1, image.shape[-1] >> (self.level + 2)))
        x = F.leaky_relu(self.images[self.level](image), 0.2)
        for level in range(self.level - 1, -1, -1):
            x = self.blocks[level](x)
            if level == self.level - 1 and self.alpha < 1:
                old = F.leaky_relu(self.images[level](F.avg_pool2d(image, 2)), 0.2)
                x = faded(old, x, self.alpha)
        x = F.leaky_relu(self.conv(self.deviation(x)), 0.2)
        x = F.leaky_relu(self.dense(x.flatten(1)), 0.2)
        logits: Tensor = self.output(x).squeeze(1)
        return logits


class _Halve(nn.Module):
    """3x3, leaky ReLU; 3x3, the mean of four pixels, leaky ReLU."""

    soft: Tensor

    def __init__(self, inputs: int, outputs: int, blur: bool) -> None:
        super().__init__()
        self.conv1 = EqualisedConv2d(inputs, inputs, 3, gain=_ROOT2)
        self.conv2 = EqualisedConv2d(inputs, outputs, 3, gain=_ROOT2)
        self.blurs = blur
        self.register_buffer("soft", torch.tensor(SOFT), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv1(x), 0.2)
        if self.blurs:
            x = resample(x, self.soft, pad=(1, 1))
        return F.leaky_relu(F.avg_pool2d(self.conv2(x), 2), 0.2)
