"""A network that works on images in [0, 1], among images in [-1, 1]: most published restoration weights are of that
range.

Where a network pads with zeros, the range inside matters at the edges.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn


@final
class UnitLevels(nn.Module):
    """[N, C, H, W] in [-1, 1] -> what `network` makes of it in [0, 1], in [-1, 1] again."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        restored: Tensor = self.network((image + 1) / 2)
        return 2 * restored.float() - 1
