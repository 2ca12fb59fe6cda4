"""StyleGAN2's networks in the form of its ADA paper. Karras et al. 2020, arXiv:1912.04958 and arXiv:2006.06676.

Paper              here
w                  style
A                  `affine`, from a style to one factor for each input channel
B, noise           a map of N(0, 1) a layer, times one learned `strength`
tRGB, skips        `images`: each side's own image, added to the doubled image of the side before
D                  critic, residual: each block adds a blurred and halved 1x1 path
sqrt 2 of the ReLU in weights and biases (`boost`), which a leaky ReLU lets through
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.kernels import modulated as modulation
from saddlepoint.nn.kernels import resample as resampling
from saddlepoint.nn.layers.equalised import EqualisedConv2d, EqualisedLinear
from saddlepoint.nn.layers.minibatch_deviation import MinibatchDeviation

_ROOT2 = math.sqrt(2)


def widths(resolution: int, base: int, most: int) -> dict[int, int]:
    """Channels at the sides 4, 8, ..., resolution: base / side, at most `most`."""
    return {2**power: min(base >> power, most) for power in range(2, resolution.bit_length())}


@final
class StyleGAN2Generator(nn.Module):
    """[N, latent] -> images [N, C, S, S], float32, roughly in [-1, 1]; S is 8, 16, 32 and so on.

    mapping_layers: layers between latent and style. base, most: see `widths`. classes: 0 for no labels.
    """

    def __init__(
        self,
        latent: int,
        style: int,
        channels: int,
        resolution: int,
        base: int,
        most: int,
        *,
        mapping_layers: int = 8,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.mapping = StyleMapping(latent, style, mapping_layers, classes)
        self.synthesis = StyleGAN2Synthesis(style, channels, widths(resolution, base, most))

    def forward(self, latent: Tensor, label: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """noise: see `StyleGAN2Synthesis.forward`."""
        style = self.mapping(latent, label)
        images: Tensor = self.synthesis(style[:, None].expand(-1, self.synthesis.styles, -1), noise)
        return images


@final
class StyleGAN2Synthesis(nn.Module):
    """Styles [N, L, style], one for each layer, -> images [N, C, S, S].

    styles: how many a picture takes, L = 2 log2(S) - 2. places: numbers of noise that it takes.
    """

    def __init__(self, style: int, channels: int, maps: dict[int, int]) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(maps[4], 4, 4))
        layers, inputs = [], maps[4]
        for side, outputs in maps.items():
            if side > 4:
                layers.append(_StyledConv(style, inputs, outputs, side, double=True))
            layers.append(_StyledConv(style, outputs, outputs, side, double=False))
            inputs = outputs
        self.layers = nn.ModuleList(layers)
        self.images = nn.ModuleList(_ToImage(style, width, channels) for width in maps.values())
        self.styles = len(layers) + 1
        self.sides = [layer.side for layer in layers]
        self.places = sum(side**2 for side in self.sides)
        self.register_buffer("blur", torch.tensor(resampling.BLUR), persistent=False)

    blur: Tensor

    def forward(self, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """noise: [N, places], N(0, 1), the layers' maps one after another; None for the constant ones."""
        n = len(styles)
        maps = self._maps(noise)
        x = self.constant.expand(n, -1, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.layers[0](x, styles[:, 0], maps[0])
        image: Tensor = self.images[0](x, styles[:, 1])
        for place in range(1, len(self.layers), 2):
            x = self.layers[place](x, styles[:, place], maps[place])
            x = self.layers[place + 1](x, styles[:, place + 1], maps[place + 1])
            image = resampling.resample(image, self.blur, up=2, pad=(2, 1), gain=4.0)
            image = image + self.images[place // 2 + 1](x, styles[:, place + 2])
        return image

    def _maps(self, noise: Tensor | None) -> Sequence[Tensor | None]:
        """[N, 1, side, side] for each layer."""
        if noise is None:
            return [None] * len(self.sides)
        cut = noise.split([side**2 for side in self.sides], 1)
        return [part.view(-1, 1, side, side) for part, side in zip(cut, self.sides)]


class _StyledConv(nn.Module):
    """Modulated 3x3, noise, bias, leaky ReLU; with `double`, twice the side."""

    blur: Tensor
    constant: Tensor

    def __init__(self, style: int, inputs: int, outputs: int, side: int, *, double: bool) -> None:
        super().__init__()
        self.side, self.doubles = side, double
        self.affine = EqualisedLinear(style, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(side, side))
        self.register_buffer("blur", torch.tensor(resampling.BLUR), persistent=False)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        blur = self.blur if self.doubles else None
        y = modulation.modulated(x, self.weight, self.affine(style), blur=blur, boost=_ROOT2)
        added = (self.constant if noise is None else noise) * (self.strength * _ROOT2)
        y = y + added.to(y.dtype) + (self.bias * _ROOT2).to(y.dtype)[:, None, None]
        return F.leaky_relu(y, 0.2)


class _ToImage(nn.Module):
    """Modulated 1x1 without demodulation, to the image's channels; float32."""

    def __init__(self, style: int, inputs: int, channels: int) -> None:
        super().__init__()
        self.affine = EqualisedLinear(style, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        y = modulation.modulated(x, self.weight, self.affine(style), normalise=False, boost=self.scale)
        return y.float() + self.bias[:, None, None]


@final
class StyleGAN2Critic(nn.Module):
    """Images [N, C, S, S], and labels [N] int64 with `classes`, -> [N] logits.

    group: of the minibatch deviation. residual: False leaves the 1x1 paths out, as the CIFAR setting does.
    label_layers: of the mapping from labels to the direction that the last features are compared with.
    """

    def __init__(
        self,
        channels: int,
        resolution: int,
        base: int,
        most: int,
        *,
        group: int = 4,
        residual: bool = True,
        classes: int = 0,
        label_layers: int = 8,
    ) -> None:
        super().__init__()
        maps = widths(resolution, base, most)
        sides = sorted(maps, reverse=True)
        width, self.classes = maps[4], classes
        self.from_image = EqualisedConv2d(channels, maps[resolution], 1, boost=_ROOT2)
        self.blocks = nn.Sequential(*(_Half(maps[side], maps[side // 2], residual) for side in sides[:-1]))
        self.deviation = MinibatchDeviation(group)
        self.conv = EqualisedConv2d(width + 1, width, 3, boost=_ROOT2)
        self.dense = EqualisedLinear(width * 16, width, boost=_ROOT2)
        self.output = EqualisedLinear(width, width if classes else 1)
        self.mapping = StyleMapping(0, width, label_layers, classes) if classes else None

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        x: Tensor = self.blocks(F.leaky_relu(self.from_image(image), 0.2))
        x = F.leaky_relu(self.conv(self.deviation(x)), 0.2)
        x = self.output(F.leaky_relu(self.dense(x.flatten(1)), 0.2))  # [N, 1], or [N, width] with labels
        if self.mapping is None:
            return x.squeeze(1)
        directions: Tensor = self.mapping(x.new_empty(len(x), 0), label)
        return (x * directions).sum(1) / math.sqrt(x.shape[1])


class _Half(nn.Module):
    """3x3, blurred and halved 3x3; beside them a blurred and halved 1x1, both times sqrt 1/2."""

    blur: Tensor

    def __init__(self, inputs: int, outputs: int, residual: bool) -> None:
        super().__init__()
        self.conv1 = EqualisedConv2d(inputs, inputs, 3, boost=_ROOT2)
        self.conv2 = EqualisedConv2d(inputs, outputs, 3, stride=2, padding=0, boost=1.0 if residual else _ROOT2)
        self.beside = EqualisedConv2d(inputs, outputs, 1, gain=math.sqrt(0.5), bias=False) if residual else None
        self.register_buffer("blur", torch.tensor(resampling.BLUR), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.conv1(x), 0.2)
        y = F.leaky_relu(self.conv2(resampling.resample(y, self.blur, pad=(2, 2))), 0.2)
        if self.beside is not None:
            y = y + self.beside(resampling.resample(x, self.blur, down=2, pad=(1, 1)))
        return y
