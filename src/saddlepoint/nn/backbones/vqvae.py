"""Encoder and decoder of VQ-VAE: strided convolutions and residual blocks. Van den Oord et al. 2017, arXiv:1711.00937,
section 4.1; widths as in the authors' published example (a convolution of 3x3 before the blocks, 1x1 to the codes).
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F


@final
class Residual(nn.Module):
    """Blocks of ReLU, 3x3 to `narrow` channels, ReLU, 1x1 back, each beside a path that changes nothing; then ReLU."""

    def __init__(self, width: int, narrow: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(width, narrow, 3, padding=1), nn.ReLU(), nn.Conv2d(narrow, width, 1))
            for _ in range(blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return F.relu(x)


def encoder(channels: int, width: int, narrow: int, blocks: int, halvings: int) -> nn.Sequential:
    """Maps [N, channels, H, W] -> [N, width, H / 2^halvings, W / 2^halvings]: 4x4 convolutions of stride 2, then 3x3.

    All but the last halving have half the width.
    """
    layers: list[nn.Module] = []
    for number in range(halvings):
        outputs = width if number == halvings - 1 else width // 2
        layers += [nn.Conv2d(channels, outputs, 4, 2, 1), nn.ReLU()]
        channels = outputs
    return nn.Sequential(*layers, nn.Conv2d(channels, width, 3, padding=1), Residual(width, narrow, blocks))


def decoder(inputs: int, outputs: int, width: int, narrow: int, blocks: int, halvings: int) -> nn.Sequential:
    """The way back, [N, inputs, H, W] -> [N, outputs, H 2^halvings, W 2^halvings]; nothing follows the last layer."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, width, 3, padding=1), Residual(width, narrow, blocks)]
    for number in range(halvings):
        last = number == halvings - 1
        layers.append(nn.ConvTranspose2d(width, outputs if last else width // 2, 4, 2, 1))
        if not last:
            layers.append(nn.ReLU())
            width //= 2
    return nn.Sequential(*layers)
