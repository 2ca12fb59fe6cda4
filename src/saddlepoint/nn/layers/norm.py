"""Norms of maps: over a batch, over each, some or all maps of an image, and batch norm that tests images singly.

Batch norm: Ioffe & Szegedy 2015, arXiv:1502.03167. Instance norm: Ulyanov et al. 2016, arXiv:1607.08022. Layer norm: Ba
et al. 2016, arXiv:1607.06450. Group norm: Wu & He 2018, arXiv:1803.08494.
"""

from __future__ import annotations

import math
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["batch", "instance"]


@final
class OwnBatchNorm2d(nn.BatchNorm2d):
    """Batch norm which in evaluation takes the statistics of each image, as a test with batches of one would.

    So pix2pix is tested (Isola et al. 2017, arXiv:1611.07004, section 3.3), and images do not depend on each other.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        return F.instance_norm(input, weight=self.weight, bias=self.bias, eps=self.eps)


@final
class LayerNorm2d(nn.Module):
    """All maps of an image [N, C, H, W] together with mean 0 and deviation 1, then a gain and a shift for each map.

    So maps keep their size beside one another. As in the code of MUNIT (Huang et al. 2018, arXiv:1804.04732): gains
    start even over [0, 1), the deviation is the unbiased one, and epsilon is added to it, not to its square.
    """

    def __init__(self, width: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.rand(width, 1, 1)), nn.Parameter(torch.zeros(width, 1, 1))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(x.float(), (1, 2, 3), keepdim=True)
        return (x - mean) / (deviation + self.epsilon) * self.gain + self.shift


def norm2d(kind: Norm, width: int) -> nn.Module:
    """A norm over `width` channels. Instance norm here has no weights and no running statistics."""
    return nn.BatchNorm2d(width) if kind == "batch" else nn.InstanceNorm2d(width)


def group_norm(width: int) -> nn.GroupNorm:
    """Groups of 16 maps of an image, each with mean 0 and deviation 1; then a gain and a shift for each map.

    16 a group is one of the paper's two rules (table 3); where 16 does not divide `width`, or `width` is less, their
    greatest common divisor serves. Nothing depends on the batch, whatever its size.
    """
    return nn.GroupNorm(width // math.gcd(width, 16), width)
