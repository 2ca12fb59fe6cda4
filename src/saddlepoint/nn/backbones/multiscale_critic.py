"""A critic that judges patches of an image at several sizes. Wang et al. 2018, arXiv:1711.11585, section 3.2, in the
form of Huang et al. 2018, arXiv:1804.04732, B.2.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError
from saddlepoint.nn.layers.initialisation import Initialisation, initialise
from saddlepoint.nn.sizes import Sizes


def scales_sizes(halvings: int, scales: int) -> Sizes:
    """What such a critic takes: a pixel must be left at the smallest scale."""
    return Sizes(least=1 << (halvings + scales - 1))


@final
class MultiScaleCritic(nn.Module):
    """Images [N, C, H, W] -> logits of patches, [N, 1, h, w] for each scale, from the full side to the smallest.

    One critic for each scale: `halvings` 4x4 convolutions of stride 2, the first with `width` channels and each with
    twice as many, LeakyReLU .2, no norm, and a 1x1 at the end. Between scales the image is halved by averages.
    weights: the rule of the first ones, the paper's N(0, 0.02) if not told.
    Raises ConfigError where the smallest image cannot be halved so often.
    """

    def __init__(
        self, channels: int, width: int, halvings: int, scales: int, side: int, weights: Initialisation = "normal"
    ) -> None:
        super().__init__()
        if min(halvings, scales) < 1 or side >> (halvings + scales - 1) < 1:
            most = side.bit_length() - 1
            raise ConfigError(
                f"a critic at {scales} scales that halves {halvings} times needs images of"
                f" {2 ** (max(halvings, 1) + max(scales, 1) - 1)} pixels or more; of {side} pixels, halvings and scales"
                f" can be {most + 1} together, and each is 1 or more."
            )
        self.scales = nn.ModuleList(_patches(channels, width, halvings) for _ in range(scales))
        initialise(self, weights)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits = []
        for place, critic in enumerate(self.scales):
            if place:
                image = F.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
            logits.append(critic(image))
        return tuple(logits)


def _patches(channels: int, width: int, halvings: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for level in range(halvings):
        wide = width * 2**level
        layers += [nn.Conv2d(channels, wide, 4, 2, 1, padding_mode="reflect"), nn.LeakyReLU(0.2, inplace=True)]
        channels = wide
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 1))
