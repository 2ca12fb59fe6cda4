"""The first StyleGAN's generator. Karras et al. 2019, arXiv:1812.04948, section 2 and appendix C.

Paper          here
w              style
A, y_s and y_b `affine`: from a style to a scale less one and a shift for each channel
B              noise, one map of N(0, 1) a layer times a learned `strength` for each channel
AdaIN          eq. 1: each channel of each image normalised, then scaled and shifted by its style
Order, as in the authors' code: convolution, noise, bias, leaky ReLU, normalisation, style; on the constant too.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.progressive import SOFT, Grows, doubled, faded, maps_at
from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.kernels.resample import resample
from saddlepoint.nn.layers.equalised import EqualisedConv2d, EqualisedLinear

_ROOT2 = math.sqrt(2)


@final
class StyleGANGenerator(nn.Module):
    """[N, latent] -> images [N, C, s, s], float32, roughly in [-1, 1]. base, most: see `maps_at`."""

    def __init__(
        self, latent: int, style: int, channels: int, resolution: int, base: int, most: int, *, mapping_layers: int = 8
    ) -> None:
        super().__init__()
        self.mapping = StyleMapping(latent, style, mapping_layers, gain=_ROOT2, boost=1.0)
        self.synthesis = StyleGANSynthesis(style, channels, resolution, base, most)

    def forward(self, latent: Tensor, noise: Tensor | None = None) -> Tensor:
        """noise: see `StyleGANSynthesis.forward`."""
        style = self.mapping(latent)
        images: Tensor = self.synthesis(style[:, None].expand(-1, self.synthesis.styles, -1), noise)
        return images

    def wake(self, level: int, alpha: float) -> None:
        """See `Grows.wake`."""
        self.synthesis.wake(level, alpha)


@final
class StyleGANSynthesis(Grows):
    """Styles [N, L, style], two for each level that is awake, -> images [N, C, s, s]; s = 4 * 2^level."""

    def __init__(self, style: int, channels: int, resolution: int, base: int, most: int) -> None:
        super().__init__(resolution)
        maps = [maps_at(level, base, most) for level in range(self.last + 1)]
        self.constant = nn.Parameter(torch.ones(maps[0], 4, 4))
        self.begin = _Restyle(style, maps[0], 4)
        self.layers = nn.ModuleList([_StyledConv(style, maps[0], maps[0], 4, double=False)])
        for level, (inputs, outputs) in enumerate(pairwise(maps), start=1):
            side = 4 << level
            self.layers.append(_StyledConv(style, inputs, outputs, side, double=True))
            self.layers.append(_StyledConv(style, outputs, outputs, side, double=False))
        self.images = nn.ModuleList(EqualisedConv2d(width, channels, 1) for width in maps)

    @property
    def styles(self) -> int:
        """How many styles a picture takes now."""
        return 2 * (self.level + 1)

    @property
    def sides(self) -> list[int]:
        """Of the noise maps that a picture takes now."""
        return [4 << level for level in range(self.level + 1) for _ in range(2)]

    @property
    def places(self) -> int:
        """Numbers of noise that a picture takes now."""
        return sum(side**2 for side in self.sides)

    def forward(self, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """noise: [N, places], N(0, 1), the layers' maps one after another; None for the constant ones."""
        maps: list[Tensor | None] = [None] * self.styles
        if noise is not None:
            cut = noise.split([side**2 for side in self.sides], 1)
            maps = [part.view(-1, 1, side, side) for part, side in zip(cut, self.sides)]
        x = self.constant.expand(len(styles), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.layers[0](self.begin(x, styles[:, 0], maps[0]), styles[:, 1], maps[1])
        before = x
        for place in range(2, self.styles, 2):
            before = x
            x = self.layers[place - 1](x, styles[:, place], maps[place])
            x = self.layers[place](x, styles[:, place + 1], maps[place + 1])
        image: Tensor = self.images[self.level](x).float()
        if self.alpha < 1 and self.level:
            image = faded(doubled(self.images[self.level - 1](before).float()), image, self.alpha)
        return image


class _StyledConv(nn.Module):
    """3x3 without bias, doubled and blurred with `double`; then `_Restyle`."""

    soft: Tensor

    def __init__(self, style: int, inputs: int, outputs: int, side: int, *, double: bool) -> None:
        super().__init__()
        self.doubles = double
        self.conv = EqualisedConv2d(inputs, outputs, 3, gain=_ROOT2, bias=False)
        self.restyle = _Restyle(style, outputs, side)
        self.register_buffer("soft", torch.tensor(SOFT), persistent=False)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        x = resample(self.conv(doubled(x)), self.soft, pad=(1, 1)) if self.doubles else self.conv(x)
        restyled: Tensor = self.restyle(x, style, noise)
        return restyled


class _Restyle(nn.Module):
    """Noise, bias, leaky ReLU, normalisation of each channel of each image, scale and shift by the style."""

    constant: Tensor

    def __init__(self, style: int, width: int, side: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.affine = EqualisedLinear(style, 2 * width)
        self.register_buffer("constant", torch.randn(side, side))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        added = (self.constant if noise is None else noise) * self.strength[:, None, None]
        x = F.leaky_relu(x.float() + added + self.bias[:, None, None], 0.2)
        scale, shift = self.affine(style)[:, :, None, None].chunk(2, 1)
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)  # [N, C, 1, 1]
        factor = (scale + 1) * torch.rsqrt(variance + 1e-8)
        restyled: Tensor = (x - mean) * factor + shift
        return restyled
