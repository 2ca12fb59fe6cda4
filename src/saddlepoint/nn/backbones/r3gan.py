"""R3GAN's networks: residual blocks of grouped convolutions, no norm. Huang et al. 2024, arXiv:2501.05441, section 3.

A block is 1x1, LeakyReLU, grouped 3x3, LeakyReLU, 1x1, twice as wide within. Only what a LeakyReLU follows has biases.
The first weights are those of fix-up (Zhang et al. 2019, arXiv:1901.09321): a block's last layer is zero, the others
shrink with the number of blocks, so every block begins as the identity.

Authors' code            here
WidthPerStage            `widths`: channels at 4x4, 8x8, ... the image's side
CardinalityPerStage      `group`: channels that one group of the 3x3 convolution sees
GenerativeBasis          `R3GANGenerator.basis` and `project`
DiscriminativeBasis      `R3GANCritic.basis` and `output`
InterpolativeUpsampler   `Double`, filter [1, 2, 1] convolved with [1, 1]
InterpolativeDownsampler `Halve`
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError

_GAIN = math.sqrt(2 / (1 + 0.2**2))  # keeps the spread through a LeakyReLU .2


@final
class R3GANGenerator(nn.Module):
    """[N, latent] -> images [N, C, S, S], float32, not bounded: a learned 4x4 basis, then blocks and doublings.

    widths: channels at 4x4, 8x8 and so on, so S is 2 ** (len(widths) + 1). blocks: how many at each side.
    Raises ConfigError where a width does not hold whole groups.
    """

    def __init__(self, latent: int, channels: int, widths: tuple[int, ...], blocks: int, group: int) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.project = _linear(latent, widths[0])
        self.stages = _stages(widths, blocks, group)
        self.doubles = nn.ModuleList(Double(inputs, outputs) for inputs, outputs in pairwise(widths))
        self.image = _conv(widths[-1], channels)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.basis * self.project(latent)[..., None, None]  # [N, widths[0], 4, 4]
        x = self.stages[0](x.contiguous(memory_format=torch.channels_last))
        for double, stage in zip(self.doubles, self.stages[1:]):
            x = stage(double(x))
        images: Tensor = self.image(x).float()
        return images


@final
class R3GANCritic(nn.Module):
    """Images [N, C, S, S] -> [N] logits: the generator's mirror image.

    widths: channels at 4x4, 8x8 and so on, as for the generator.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: int, group: int) -> None:
        super().__init__()
        down = widths[::-1]
        self.image = _conv(channels, down[0])
        self.stages = _stages(down, blocks, group)
        self.halves = nn.ModuleList(Halve(inputs, outputs) for inputs, outputs in pairwise(down))
        self.basis = _scaled(nn.Conv2d(widths[0], widths[0], 4, groups=widths[0], bias=False))
        self.output = _linear(widths[0], 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stages[0](self.image(image))
        for halve, stage in zip(self.halves, self.stages[1:]):
            x = stage(halve(x))
        logits: Tensor = self.output(self.basis(x).flatten(1)).squeeze(1)
        return logits


@final
class Block(nn.Module):
    """x + f(x) with f: 1x1 to twice the width, grouped 3x3, 1x1 back. `total`: how many blocks the network has."""

    def __init__(self, width: int, group: int, total: int) -> None:
        super().__init__()
        wide, gain = 2 * width, _GAIN * total**-0.25
        if wide % group:
            raise ConfigError(f"{wide} channels cannot be cut into groups of {group}; use a --group that divides them.")
        self.widen = _scaled(nn.Conv2d(width, wide, 1), gain)
        self.mix = _scaled(nn.Conv2d(wide, wide, 3, padding=1, groups=wide // group), gain)
        self.narrow = _conv(wide, width, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.mix(F.leaky_relu(self.widen(x), 0.2))
        whole: Tensor = x + self.narrow(F.leaky_relu(inner, 0.2))
        return whole


@final
class Double(nn.Module):
    """[N, inputs, S, S] -> [N, outputs, 2S, 2S]: to the new width, then between the pixels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Identity() if inputs == outputs else _conv(inputs, outputs)
        self.register_buffer("filter", 4 * _tent(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        filter_ = self.get_buffer("filter").to(x.dtype).expand(x.shape[1], 1, 4, 4)
        return F.conv_transpose2d(x, filter_, stride=2, padding=1, groups=x.shape[1])


@final
class Halve(nn.Module):
    """[N, inputs, S, S] -> [N, outputs, S/2, S/2]: a weighted mean of the pixels, then to the new width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Identity() if inputs == outputs else _conv(inputs, outputs)
        self.register_buffer("filter", _tent(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        filter_ = self.get_buffer("filter").to(x.dtype).expand(x.shape[1], 1, 4, 4)
        halved: Tensor = self.conv(F.conv2d(x, filter_, stride=2, padding=1, groups=x.shape[1]))
        return halved


def _tent() -> Tensor:
    side = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return torch.outer(side, side)


def _stages(widths: tuple[int, ...], blocks: int, group: int) -> nn.ModuleList:
    total = blocks * len(widths)
    return nn.ModuleList(nn.Sequential(*(Block(width, group, total) for _ in range(blocks))) for width in widths)


def _conv(inputs: int, outputs: int, gain: float = 1.0) -> nn.Conv2d:
    return _scaled(nn.Conv2d(inputs, outputs, 1, bias=False), gain)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, 0.0, inputs**-0.5)
    return layer


def _scaled(layer: nn.Conv2d, gain: float = 1.0) -> nn.Conv2d:
    nn.init.normal_(layer.weight, 0.0, gain * layer.weight[0].numel() ** -0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
