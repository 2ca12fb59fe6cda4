"""Equalised learning rate: weights are stored N(0, 1) and scaled in use. Karras et al. 2018, arXiv:1710.10196, 4.1.

Adam moves every number by about the same; with all weights stored alike, all layers learn at the same speed.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class EqualisedLinear(nn.Module):
    """[N, inputs] -> [N, outputs], in float32 whatever the precision of the run.

    gain: on the weights, beside the 1 / sqrt(inputs) of all.
    boost: on weights and bias alike: the gain of a leaky ReLU after the layer, which lets positive factors through.
    rate: how fast the layer learns, against others: numbers are stored that many times larger and scaled down in use.
    bias: what the bias starts at; None for no bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = 1.0,
        boost: float = 1.0,
        rate: float = 1.0,
        bias: float | None = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.boost = gain * boost * rate / math.sqrt(inputs), boost * rate

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            bias = None if self.bias is None else self.bias * self.boost
            return F.linear(x.float(), self.weight * self.scale, bias)


@final
class EqualisedConv2d(nn.Module):
    """[N, inputs, H, W] -> [N, outputs, H', W'], `kernel` a side, padded to keep the side unless `padding` says else.

    gain, boost: as in `EqualisedLinear`, beside 1 / sqrt(inputs kernel^2). bias: starts at 0.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        gain: float = 1.0,
        boost: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.boost = gain * boost / math.sqrt(inputs * kernel**2), boost
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias * self.boost
        return F.conv2d(x, self.weight * self.scale, bias, self.stride, self.padding)
