"""A norm whose gain and shift follow a layout, place by place. Park et al. 2019, arXiv:1903.07291, eq. 1 and figure 2.

A norm takes away the mean of a map, and where a layout has one class everywhere, all that an earlier layer knew of it;
here the class is told again after each norm.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.norm import Norm


@final
class LayoutNorm(nn.Module):
    """Maps [N, width, h, w] and a layout [N, classes, H, W] -> maps of the same shape.

    hidden: maps between the layout and gain and shift, 128 in the paper. The norm itself has no weights.
    """

    def __init__(self, width: int, classes: int, hidden: int, norm: Norm) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False) if norm == "batch" else nn.InstanceNorm2d(width)
        self.shared = nn.Conv2d(classes, hidden, 3, padding=1)
        self.gain, self.shift = (nn.Conv2d(hidden, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        shared = self.shared(F.interpolate(layout, x.shape[2:])).relu()
        maps: Tensor = self.norm(x) * (1 + self.gain(shared)) + self.shift(shared)
        return maps
