"""How strong noise is around each pixel: the weighted mean of its square. Yue et al. 2019, arXiv:1908.11314, section
3.1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_SHORT = {3: (0.25, 0.5), 5: (0.0625, 0.25, 0.375), 7: (0.03125, 0.109375, 0.21875, 0.28125)}


def gaussian_line(side: int, device: torch.device | str = "cpu") -> Tensor:
    """The weights that OpenCV takes for a Gaussian window of this odd side: a table up to 7, whose sum is 1.  [side]"""
    if side in _SHORT:
        half = _SHORT[side]
        return torch.tensor([*half, *reversed(half[:-1])], device=device)
    deviation = 0.3 * ((side - 1) * 0.5 - 1) + 0.8
    line = torch.exp(-((torch.arange(side, device=device) - side // 2) ** 2) / (2 * deviation**2))
    return line / line.sum()


def local_mean(values: Tensor, side: int = 7) -> Tensor:
    """[N, C, H, W] -> the same shape: the mean of each pixel's window, weighed by a Gaussian; edges are mirrored."""
    side = min(side, *(2 * length - 1 for length in values.shape[2:]))
    line, reach, channels = gaussian_line(side, values.device), side // 2, values.shape[1]
    padded = F.pad(values, (reach, reach, reach, reach), mode="reflect")
    down = line.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return F.conv2d(F.conv2d(padded, down, groups=channels), down.transpose(2, 3), groups=channels)


def local_variance(noise: Tensor, side: int = 7) -> Tensor:
    """[N, C, H, W] of mean 0 -> the same shape, at least 1e-10."""
    return local_mean(noise.square(), side).clamp_min(1e-10)
