"""DSen2-CR's network: residual blocks on the channels of several sensors, whose result is added to the first ones.
Meraner et al. 2020, doi:10.1016/j.isprsjprs.2020.05.013, figure 4; the blocks are those of EDSR (Lim et al. 2017,
arXiv:1707.02921)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn


@final
class SeveralSensors(nn.Module):
    """Images [N, inputs, H, W] in [-1, 1] -> [N, outputs, H, W], float32: the first channels, changed; of any size.

    blocks: residual ones of two 3x3 convolutions without norm. residual: what a block's change is weighed by.
    """

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int, residual: float) -> None:
        super().__init__()
        self.outputs = outputs
        self.first = nn.Sequential(nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU())
        self.blocks = nn.Sequential(*(_Block(width, residual) for _ in range(blocks)))
        self.last = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        change: Tensor = self.last(self.blocks(self.first(image)))
        return image[:, : self.outputs].float() + change.float()


@final
class _Block(nn.Module):
    def __init__(self, width: int, residual: float) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.residual * self.layers(x)
        return changed
