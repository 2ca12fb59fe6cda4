"""Halving and doubling without aliases: a binomial filter goes with each. Zhang 2019, arXiv:1904.11486, section 3."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class BlurHalving(nn.Module):
    """Maps [N, C, H, W] -> [N, C, (H + 1) // 2, (W + 1) // 2], smoothed by 1 2 1 in both directions; edges reflect."""

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", line[:, None] * line, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.get_buffer("kernel").to(x.dtype).expand(x.shape[1], 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


@final
class BlurDoubling(nn.Module):
    """Maps [N, C, H, W] -> [N, C, 2 H, 2 W], smoothed by 1 3 3 1 in both directions; edges repeat."""

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
        self.register_buffer("kernel", line[:, None] * line, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.get_buffer("kernel").to(x.dtype).expand(x.shape[1], 1, 4, 4)
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return F.conv_transpose2d(padded, kernel, stride=2, padding=3, groups=x.shape[1])
