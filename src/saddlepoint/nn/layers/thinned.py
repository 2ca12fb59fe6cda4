"""A 1x1 convolution with a stride, as residual blocks have on the way past a halving."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn


@final
class ThinnedConv2d(nn.Conv2d):
    """Every `step`th place of maps [N, inputs, H, W], then a 1x1 convolution: what one with that stride gives.

    oneDNN's own, on processors without AVX-512, writes past the end of its memory where channels are no multiple of 8.
    """

    def __init__(self, inputs: int, outputs: int, step: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 1, bias=bias)
        self.step = step

    def forward(self, input: Tensor) -> Tensor:
        """-> [N, outputs, ceil(H / step), ceil(W / step)]"""
        return super().forward(input[..., :: self.step, :: self.step])
