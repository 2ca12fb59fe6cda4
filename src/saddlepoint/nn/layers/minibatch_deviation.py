"""How much the images of a group differ, shown to the critic. Karras et al. 2018, arXiv:1710.10196, section 3."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


@final
class MinibatchDeviation(nn.Module):
    """[N, C, H, W] -> [N, C + 1, H, W]: the last map holds one number, the group's mean standard deviation.

    group: images in a group, at most; where N is no multiple of it, the largest smaller divisor of N serves (the
    authors demand a multiple). Image i is in group i mod (N / group). The deviation of each value over the group is the
    biased one, its mean runs over channels and places.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        size = next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)
        groups = x.float().reshape(size, n // size, -1)  # [size, groups, C H W]
        deviation = torch.sqrt(groups.var(0, correction=0) + 1e-8).mean(1)  # [groups]
        channel = deviation.repeat(size).to(x.dtype).view(n, 1, 1, 1).expand(n, 1, height, width)
        return torch.cat([x, channel], 1)
