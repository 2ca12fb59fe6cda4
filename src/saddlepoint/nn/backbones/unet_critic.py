"""A critic that judges each pixel, through a U-Net: Real-ESRGAN's. Wang et al. 2021, arXiv:2107.10833, figure 6;
Schoenfeld et al. 2020, arXiv:2002.12655. Spectral norm stands on all layers but the first and the last.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from saddlepoint.nn.sizes import Sizes


@final
class UNetCritic(nn.Module):
    """Images [N, C, H, W], sides that 8 divides -> [N, 1, H, W] logits. skips: add the maps of the way down."""

    sizes = Sizes(multiple=8, least=8)

    def __init__(self, channels: int, width: int, *, skips: bool = True, spectral: bool = True) -> None:
        super().__init__()
        self.skips = skips
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(width << level, width << (level + 1), 4, 2, 1, bias=False) for level in range(3)
        )
        self.up = nn.ModuleList(
            nn.Conv2d(width << (level + 1), width << level, 3, padding=1, bias=False) for level in reversed(range(3))
        )
        self.fine = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.last = nn.Conv2d(width, 1, 3, padding=1)
        if spectral:
            for layer in (*self.down, *self.up, *self.fine):
                parametrizations.spectral_norm(layer)

    def features(self, image: Tensor) -> Tensor:
        """The maps of the way down at an eighth of the sides.  [N, 8 width, H / 8, W / 8]"""
        return self._down(image)[-1]

    def forward(self, image: Tensor) -> Tensor:
        *skips, x = self._down(image)
        for layer, skip in zip(self.up, reversed(skips)):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = F.leaky_relu(layer(x), 0.2)
            x = x + skip if self.skips else x
        for layer in self.fine:
            x = F.leaky_relu(layer(x), 0.2)
        logits: Tensor = self.last(x)
        return logits.float()

    def _down(self, image: Tensor) -> list[Tensor]:
        maps = [F.leaky_relu(self.first(image), 0.2)]
        for layer in self.down:
            maps.append(F.leaky_relu(layer(maps[-1]), 0.2))
        return maps
