"""Content and style apart: an encoder of each, and a decoder that restyles. Huang et al. 2018, arXiv:1804.04732, B.2.

Paper     here
c7s1-k    7x7 convolution of stride 1, `first` and `last`
dk        `down`: 4x4 of stride 2
Rk        `_Block`: two 3x3 and a skip
uk        `up`: doubled by repetition, then 5x5
gamma     scale of a restyled norm, from the decoder's `mlp`
beta      its shift
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import LayerNorm2d, Norm, norm2d
from saddlepoint.nn.sizes import Sizes


def content_sizes(halvings: int) -> Sizes:
    """What a content encoder takes: it leaves two pixels or more, since one alone cannot be normalised."""
    return Sizes(multiple=1 << halvings, least=max(4, 2 << halvings))


def style_sizes(halvings: int) -> Sizes:
    """What a style encoder takes."""
    return Sizes(least=1 << max(halvings, 2))


@final
class ContentEncoder(nn.Module):
    """Images [N, C, H, W] -> content [N, width 2^halvings, H / 2^halvings, W / 2^halvings]: what is where.

    width: channels at the full side. Instance norm without weights takes the style away; ReLU after each. A bias before
    such a norm would do nothing, so there is none. norm: batch keeps how strong a colour is, and so some of the style.
    """

    def __init__(self, channels: int, width: int, halvings: int, blocks: int, norm: Norm = "instance") -> None:
        super().__init__()
        self.sizes = content_sizes(halvings)
        layers = [_conv(channels, width, 7, bias=False), norm2d(norm, width), nn.ReLU(inplace=True)]
        for _ in range(halvings):
            layers += [_down(width, 2 * width, bias=False), norm2d(norm, 2 * width), nn.ReLU(inplace=True)]
            width *= 2
        self.layers = nn.Sequential(*layers)
        self.blocks = nn.ModuleList(_Block(width) if norm == "instance" else Block(width, norm) for _ in range(blocks))
        initialise(self, "he")

    def forward(self, image: Tensor) -> Tensor:
        x: Tensor = self.layers(image)
        for block in self.blocks:
            x = block(x)
        return x


@final
class StyleEncoder(nn.Module):
    """Images [N, C, H, W] -> styles [N, style]: what is left once it is forgotten where.

    H and W are 2^halvings or more. No norm anywhere, since it would take away the means and deviations that are the
    style. Channels double with the first two halvings.
    """

    def __init__(self, channels: int, width: int, halvings: int, style: int) -> None:
        super().__init__()
        layers = [_conv(channels, width, 7), nn.ReLU(inplace=True)]
        for level in range(halvings):
            wider = width * 2 if level < 2 else width
            layers += [_down(width, wider), nn.ReLU(inplace=True)]
            width = wider
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, style, 1), nn.Flatten())
        initialise(self, "he")

    def forward(self, image: Tensor) -> Tensor:
        style: Tensor = self.layers(image).float()
        return style


@final
class StyleDecoder(nn.Module):
    """Content as a `ContentEncoder` makes it, and styles [N, style] -> images [N, C, H, W] in [-1, 1], float32.

    An MLP turns the style into a shift and a scale for each map of the residual blocks' norms (adaptive instance norm:
    Huang & Belongie 2017, arXiv:1703.06868). The layers that double have layer norm, which keeps what was restyled.
    """

    def __init__(self, channels: int, width: int, halvings: int, blocks: int, style: int, mlp: int) -> None:
        super().__init__()
        wide = width * 2**halvings
        self.blocks = nn.ModuleList(_Block(wide) for _ in range(blocks))
        numbers = blocks * 4 * wide  # a shift and a scale for each of two norms
        hidden = (nn.Linear(style, mlp), nn.ReLU(inplace=True), nn.Linear(mlp, mlp), nn.ReLU(inplace=True))
        self.mlp = nn.Sequential(*hidden, nn.Linear(mlp, numbers))
        layers: list[nn.Module] = []
        for _ in range(halvings):
            layers += [nn.Upsample(scale_factor=2), _conv(wide, wide // 2, 5), LayerNorm2d(wide // 2), nn.ReLU()]
            wide //= 2
        self.up = nn.Sequential(*layers)
        self.last = _conv(width, channels, 7)
        initialise(self, "he")

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        x, numbers = content, self.mlp(style).view(len(style), len(self.blocks), 4, -1, 1, 1)
        for place, block in enumerate(self.blocks):
            x = block(x, numbers[:, place])
        images: Tensor = self.last(self.up(x)).float().tanh()
        return images


@final
class _Block(nn.Module):
    """x + f(x) with f: 3x3, norm, ReLU, 3x3, norm; the norms may be given a shift and a scale each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (_conv(width, width, 3, bias=False) for _ in range(2))

    def forward(self, x: Tensor, numbers: Tensor | None = None) -> Tensor:
        """numbers: [N, 4, width, 1, 1], shift and scale of the first norm, then of the second; None for plain norms."""
        inner, outer = (None, None) if numbers is None else (numbers[:, :2], numbers[:, 2:])
        return x + _normed(self.second(F.relu(_normed(self.first(x), inner))), outer)


def _normed(x: Tensor, numbers: Tensor | None) -> Tensor:
    """Each map with mean 0 and deviation 1; then scaled and shifted.  numbers: [N, 2, width, 1, 1]"""
    x = F.instance_norm(x)
    return x if numbers is None else x * numbers[:, 1] + numbers[:, 0]


def _conv(inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias, padding_mode="reflect")


def _down(inputs: int, outputs: int, *, bias: bool = True) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 4, 2, 1, bias=bias, padding_mode="reflect")
