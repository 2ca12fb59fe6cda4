"""CycleGAN's generator: residual blocks at a quarter of the side. Zhu et al. 2017, arXiv:1703.10593, section 7.2.

Paper       here
c7s1-k      7x7 convolution of stride 1, `first` and `last`
dk          `down`: 3x3 of stride 2
Rk          `Block`: two 3x3 and a skip, padded by reflection
uk          `up`: 3x3 of fractional stride 1/2
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes


@final
class ResNetTranslator(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32; H and W are multiples of 4.

    width: channels at the full side. blocks: 6 for 128 pixels and 9 for 256 in the paper. norm: see `norm2d`.
    A norm and ReLU after every convolution but the last, which has tanh. A bias before a norm would do nothing, so the
    last convolution alone has one.
    """

    sizes = Sizes(multiple=4, least=8)  # the blocks reflect a pixel at a quarter of the side

    def __init__(self, channels: int, width: int, blocks: int, norm: Norm = "instance") -> None:
        super().__init__()
        first = nn.Conv2d(channels, width, 7, padding=3, bias=False, padding_mode="reflect")
        self.first = nn.Sequential(first, *_norm(norm, width))
        self.down = nn.Sequential(
            *(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False), *_norm(norm, 2 * width)),
            *(nn.Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False), *_norm(norm, 4 * width)),
        )
        self.blocks = nn.Sequential(*(Block(4 * width, norm) for _ in range(blocks)))
        self.up = nn.Sequential(
            *(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1, bias=False), *_norm(norm, 2 * width)),
            *(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1, bias=False), *_norm(norm, width)),
        )
        self.last = nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect")
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        images: Tensor = self.last(self.up(self.blocks(self.down(self.first(image))))).float().tanh()
        return images


@final
class Block(nn.Module):
    """x + f(x) with f: 3x3, norm, ReLU, 3x3, norm."""

    def __init__(self, width: int, norm: Norm = "instance") -> None:
        super().__init__()
        conv1, conv2 = (nn.Conv2d(width, width, 3, padding=1, bias=False, padding_mode="reflect") for _ in range(2))
        self.layers = nn.Sequential(conv1, *_norm(norm, width), conv2, norm2d(norm, width))

    def forward(self, x: Tensor) -> Tensor:
        whole: Tensor = x + self.layers(x)
        return whole


def _norm(kind: Norm, width: int) -> tuple[nn.Module, nn.Module]:
    return norm2d(kind, width), nn.ReLU(inplace=True)
