"""PatchGAN: a critic that judges overlapping patches. Isola et al. 2017, arXiv:1611.07004, sections 3.2 and 6.1.2.

Each output sees a square of the image, whose side grows with the number of halvings:

halvings  0  1   2   3   4    5
side      1  16  34  70  142  286
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

from torch import Tensor, nn

from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes


def patch_sizes(halvings: int) -> Sizes:
    """What a critic takes that halves so often: something must be left to judge, and the last two layers take a pixel
    each."""
    return Sizes(least=4 << halvings if halvings else 1)


def most_halvings(side: int) -> int:
    """How often a critic can halve images of this side."""
    return max((side // 4).bit_length() - 1, 0)


def fewer_halvings(halvings: int, size: tuple[int, int]) -> str:
    """The other mend where a critic halves images of this size too often; empty where it does not."""
    if patch_sizes(halvings).takes(*size):
        return ""
    return f", or --halvings {most_halvings(min(size))} or less for smaller images"


def patch_side(halvings: int) -> int:
    """Side in pixels of the square that one output sees."""
    side = 7 if halvings else 1  # of the two layers that do not halve
    for _ in range(halvings):
        side = 2 * side + 2
    return side


@final
class PatchCritic(nn.Module):
    """Images [N, C, H, W] -> logits [N, 1, h, w], one for each patch.

    4x4 convolutions, `halvings` of them of stride 2 and two of stride 1; LeakyReLU .2 between; a norm in all but the
    first and the last. With no halvings all are 1x1, and there is one less. `width` is that of the first, and it
    doubles to at most 8 times.
    """

    def __init__(self, channels: int, width: int, halvings: int, norm: Norm) -> None:
        super().__init__()
        maps = [channels, *(width * min(2**index, 8) for index in range(max(halvings, 1) + 1)), 1]
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(maps)):
            between = 0 < index < len(maps) - 2
            kernel, stride = (4, 2 if index < halvings else 1) if halvings else (1, 1)
            # A bias before a norm would do nothing.
            conv = nn.Conv2d(inputs, outputs, kernel, stride, 1 if halvings else 0, bias=not between)
            layers.append(nn.Sequential(conv, norm2d(norm, outputs)) if between else conv)
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.layers = nn.Sequential(*layers[:-1])
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.layers(image)
        return logits
