"""SPADE's generator, from a layout and perhaps a style. Park et al. 2019, arXiv:1903.07291, appendix A.

Paper                  here
SPADE ResBlk (k)       `LayoutBlock`
Upsample               repetition
image encoder          `LayoutStyleEncoder`
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.layers.spade import LayoutNorm
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally
from saddlepoint.nn.sizes import Sizes

_WIDEST = 16  # times the width at the full side
_SEED = 4  # side of the maps that a style becomes


def layout_sizes(doublings: int) -> Sizes:
    """What such a generator takes; two pixels are left at the smallest side, since one cannot be normalised."""
    return Sizes(multiple=1 << doublings, least=2 << doublings)


@final
class LayoutGenerator(nn.Module):
    """Layouts [N, classes, H, W], and styles [N, style] or None -> images [N, channels, H, W] in [-1, 1], float32.

    doublings: of the side, from H / 2^doublings on. width: channels at the full side; at the smallest side 16 times as
    many, or as many as halve once for each doubling but the first. style: length; 0 for none, and the first maps are
    those of the layout made small. spectral: divide convolutions by what they stretch.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        width: int,
        doublings: int,
        style: int,
        hidden: int,
        norm: Norm = "batch",
        *,
        spectral: bool = True,
    ) -> None:
        super().__init__()
        self.sizes, self.doublings = layout_sizes(doublings), doublings
        wide = width * min(_WIDEST, 1 << (doublings - 1))
        self.first = nn.Conv2d(classes, wide, 3, padding=1)
        self.style = nn.Linear(style, wide * _SEED**2) if style else None
        parts = (classes, hidden, norm, spectral)
        self.head = LayoutBlock(wide, wide, *parts)
        self.middle = nn.ModuleList(LayoutBlock(wide, wide, *parts) for _ in range(2))
        self.up = nn.ModuleList()
        for _ in range(doublings - 1):
            self.up.append(LayoutBlock(wide, max(wide // 2, width), *parts))
            wide = max(wide // 2, width)
        self.last = nn.Conv2d(wide, channels, 3, padding=1)
        for layer in (self.first, self.style, self.last):
            if layer is not None:
                initialise(layer, "glorot")

    def forward(self, layout: Tensor, style: Tensor | None = None) -> Tensor:
        size = (layout.shape[2] >> self.doublings, layout.shape[3] >> self.doublings)
        x = self.first(F.interpolate(layout, size))
        if self.style is not None and style is not None:
            # Places differ: what is alike everywhere, an instance norm would take away.
            seed = self.style(style).unflatten(1, (-1, _SEED, _SEED))
            x = x + F.interpolate(seed, size, mode="bilinear", align_corners=False)
        x = F.interpolate(self.head(x, layout), scale_factor=2)
        for block in self.middle:
            x = block(x, layout)
        for block in self.up:
            x = block(F.interpolate(x, scale_factor=2), layout)
        images: Tensor = self.last(F.leaky_relu(x, 0.2)).float().tanh()
        return images


@final
class LayoutBlock(nn.Module):
    """s(x) + f(x) with f: norm by layout, LeakyReLU .2, 3x3, twice; s is the identity, or where widths differ a norm by
    layout and 1x1."""

    def __init__(self, inputs: int, outputs: int, classes: int, hidden: int, norm: Norm, spectral: bool) -> None:
        super().__init__()
        least = min(inputs, outputs)
        self.first, self.second = nn.Conv2d(inputs, least, 3, padding=1), nn.Conv2d(least, outputs, 3, padding=1)
        self.first_norm, self.second_norm = (LayoutNorm(each, classes, hidden, norm) for each in (inputs, least))
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else None
        self.skip_norm = LayoutNorm(inputs, classes, hidden, norm) if inputs != outputs else None
        initialise(self, "glorot")
        for conv in (self.first, self.second, self.skip):
            if spectral and conv is not None:
                normalise_spectrally(conv)

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        skip = x if self.skip is None or self.skip_norm is None else self.skip(self.skip_norm(x, layout))
        x = self.first(F.leaky_relu(self.first_norm(x, layout), 0.2))
        x = skip + self.second(F.leaky_relu(self.second_norm(x, layout), 0.2))
        return x


@final
class LayoutStyleEncoder(nn.Module):
    """Images [N, C, H, W] -> mean and log-variance of styles, [N, style] each: what no layout tells of an image.

    3x3 convolutions of stride 2 with LeakyReLU .2 until the side is 4 or less, and a linear layer on the maps' means,
    which images of any size have; the authors' has instance norm, and reads all places of a side of 4.
    """

    def __init__(self, channels: int, width: int, side: int, style: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, outputs = channels, width
        while side > 4 or not layers:
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.2)]
            inputs, outputs, side = outputs, min(2 * outputs, 8 * width), side // 2
        self.layers, self.out = nn.Sequential(*layers), nn.Linear(inputs, 2 * style)
        initialise(self, "glorot")

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.out(self.layers(image).mean((2, 3))).float().chunk(2, 1)
        return mean, log_variance
