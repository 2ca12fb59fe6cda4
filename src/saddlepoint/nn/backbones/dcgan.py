"""DCGAN's networks: strided convolutions and batch norm all the way. Radford et al. 2016, arXiv:1511.06434, section 3.

Paper                    here
project and reshape      `project`: linear, to 4x4 maps (2x2 for images of 8x8)
fractional-strided conv  transposed convolution, stride 2
discriminator            critic
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, final

from torch import Tensor, nn

from saddlepoint.errors import ConfigError
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.minibatch_discrimination import MinibatchDiscrimination
from saddlepoint.nn.layers.norm import group_norm
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally

ConvNorm = Literal["batch", "group", "spectral", "none"]


Size = int | tuple[int, int]
"""the side of a square in pixels, or height and width"""


def check_side(side: int, instead: str = "") -> int:
    """`side` itself. Raises ConfigError unless it is 8, 16, 32, 64 and so on; `instead` names another mend."""
    if side < 8 or side & (side - 1):
        raise ConfigError(
            f"these networks halve and double, so the side must be 8, 16, 32, 64 and so on, not {side}. "
            f"Use --resolution {max(8, 1 << (side.bit_length() - 1))}{instead}."
        )
    return side


def check_size(size: tuple[int, int], instead: str = "") -> tuple[int, int]:
    """Height and width themselves. `instead` names another mend.

    Raises ConfigError unless both can be halved until the shorter side is 4 (2 for 8), as 96x64 can: to 6x4.
    """
    height, width = size
    if height == width:
        return (check_side(height, instead),) * 2
    short = 1 << (max(min(size), 8).bit_length() - 1)
    times = short // smallest(short)
    if min(size) != short or height % times or width % times:
        fits = [str(short if side == min(size) else max(side // times, 1) * times) for side in (width, height)]
        raise ConfigError(
            f"these networks halve and double, so the shorter side must be 8, 16, 32, 64 and so on and the longer one a"
            f" multiple of {times}, not {width}x{height}. Use --resolution {'x'.join(fits)}{instead}."
        )
    return size


def both(size: Size) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else size


def smallest(resolution: int) -> int:
    """Side of the smallest maps: the paper's 4, but 2 for images of 8x8, which one layer alone does not learn."""
    return min(4, resolution // 4)


def small_maps(size: Size) -> tuple[int, int]:
    """Height and width of the smallest maps: (4, 4), and (4, 6) for images 64 pixels high and 96 wide."""
    height, width = both(size)
    times = min(height, width) // smallest(min(height, width))
    return height // times, width // times


def widths(size: Size, width: int) -> list[int]:
    """Channels at a half, a quarter, ... of the size: doubling from `width` to at most 8 times it.

    64 and 64 give [64, 128, 256, 512]; the eightfold cap is the paper's four layers, and holds for larger images.
    """
    short = min(both(size))
    halvings = (short // smallest(short)).bit_length() - 1  # 8 -> 2, 16 -> 2, 32 -> 3, 64 -> 4
    return [width * min(2**index, 8) for index in range(halvings)]


@final
class DCGANGenerator(nn.Module):
    """[N, latent] -> images [N, C, H, W] in [-1, 1], float32: doubled from 4x4 up by transposed convolutions.

    Batch norm and ReLU after every layer but the last, which has tanh. No biases: batch norm has its own.
    norm: False leaves batch norm out and gives the layers biases. bounded: False leaves the tanh out.
    """

    def __init__(
        self,
        latent: int,
        channels: int,
        size: Size,
        width: int,
        kernel: int,
        *,
        norm: bool = True,
        bounded: bool = True,
    ) -> None:
        super().__init__()
        maps = widths(size, width)[::-1]  # the smallest first
        self.small, self.bounded = small_maps(size), bounded
        self.project = nn.Linear(latent, math.prod(self.small) * maps[0], bias=not norm)
        layers: list[nn.Module] = [*_norm(maps[0], norm), nn.ReLU(inplace=True)]
        for wide, narrow in pairwise(maps):
            layers += [_double(wide, narrow, kernel, norm), *_norm(narrow, norm), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, _double(maps[-1], channels, kernel, norm))
        initialise(self, "normal", 0.02)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.project(latent).view(len(latent), *self.small, -1).permute(0, 3, 1, 2)  # born channels last
        images: Tensor = self.layers(x).float()
        return images.tanh() if self.bounded else images


@final
class DCGANCritic(nn.Module):
    """Images [N, C, H, W] -> [N] logits, or with `outputs` [N, outputs]: strided convolutions, then one linear map.

    LeakyReLU .2 after every convolution, a norm before it in all but the first. A single verdict has no bias.
    norm: "none" leaves it out, as a critic under a gradient penalty must, and gives the convolutions biases; so does
        "spectral", which bounds the weights of all layers instead.
    kernels: of minibatch discrimination, which the last layer then sees beside the features; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        size: Size,
        width: int,
        kernel: int,
        *,
        outputs: int | None = None,
        norm: ConvNorm = "batch",
        kernels: int = 0,
    ) -> None:
        super().__init__()
        maps, normed = widths(size, width), norm in ("batch", "group")
        layers: list[nn.Module] = [_halve(channels, maps[0], kernel, normed), nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise(maps):
            between = [group_norm(wide)] if norm == "group" else _norm(wide, normed)
            layers += [_halve(narrow, wide, kernel, normed), *between, nn.LeakyReLU(0.2, inplace=True)]
        self.layers, self.outputs = nn.Sequential(*layers), outputs
        features = math.prod(small_maps(size)) * maps[-1]
        self.company = MinibatchDiscrimination(features, kernels) if kernels else None
        self.output = nn.Linear(features + kernels, outputs or 1, bias=outputs is not None)
        initialise(self, "normal", 0.02)
        if norm == "spectral":
            normalise_spectrally(self)

    def forward(self, image: Tensor) -> Tensor:
        x = self.layers(image).permute(0, 2, 3, 1).flatten(1)  # no copy where the maps are channels last
        x = x if self.company is None else self.company(x)
        logits: Tensor = self.output(x)
        return logits.squeeze(1) if self.outputs is None else logits


def _double(inputs: int, outputs: int, kernel: int, norm: bool) -> nn.Module:
    # 4x4 with padding 1 doubles exactly; 5x5 with padding 2 needs one row and column more.
    extra = kernel % 2
    return nn.ConvTranspose2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, output_padding=extra, bias=not norm)


def _halve(inputs: int, outputs: int, kernel: int, norm: bool) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, bias=not norm)


def _norm(width: int, norm: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(width)] if norm else []
