"""Structural similarity as something to train on. Wang et al. 2004, doi:10.1109/TIP.2003.819861, eq. 13."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_C1, _C2 = 0.01**2, 0.03**2


def ssim(a: Tensor, b: Tensor, window: int = 11, deviation: float = 1.5) -> Tensor:
    """The mean similarity of images [N, C, H, W] in [0, 1], a scalar of at most 1; borders are padded with zeros."""
    line = torch.exp(-((torch.arange(window, device=a.device) - window // 2) ** 2) / (2 * deviation**2))
    line = (line / line.sum()).to(a.dtype)
    channels = a.shape[1]

    def smooth(x: Tensor) -> Tensor:
        x = F.conv2d(x, line.view(1, 1, -1, 1).expand(channels, 1, -1, 1), padding=(window // 2, 0), groups=channels)
        return F.conv2d(x, line.view(1, 1, 1, -1).expand(channels, 1, 1, -1), padding=(0, window // 2), groups=channels)

    mean_a, mean_b = smooth(a), smooth(b)
    spread_a, spread_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
    together = smooth(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + _C1) * (2 * together + _C2)
    return (top / ((mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2))).mean()
