"""Convolutions over time, dilated, that see the present and the past alone, with a queue to go step by step.

van den Oord et al. 2016 (WaveNet), arXiv:1609.03499, section 2.1; the queue: Le Paine et al. 2016, arXiv:1611.09482.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class CausalConv1d(nn.Conv1d):
    """[N, C, T] -> [N, C', T]: step t sees the steps t, t - d, ..., t - (k - 1) d; before the first one all is 0.

    kernel: k, steps that are seen. dilation: d, how far they lie apart.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 2, dilation: int = 1, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, dilation=dilation, bias=bias)
        self.past = (kernel - 1) * dilation

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, (self.past, 0)))

    def queue(self, n: int) -> Tensor:
        """The past of `n` sequences before their first step: [past, n, C] of zeros."""
        return self.weight.new_zeros(self.past, n, self.in_channels)

    def step(self, input: Tensor, queue: Tensor, time: int) -> Tensor:
        """One step of all sequences, [N, C] -> [N, C'], equal to column `time` of the whole.

        queue: as `queue` made it; it is written to. time: counts from 0, and every step is taken once.
        """
        dilation, kernel = self.dilation[0], self.kernel_size[0]
        # The queue is a ring: step t lies at t modulo its length until step t + length takes that place.
        past = [queue[(time - back * dilation) % self.past] for back in range(kernel - 1, 0, -1)]
        output = F.linear(torch.cat((*past, input), 1), self.weight.transpose(1, 2).flatten(1), self.bias)
        if self.past:
            queue[time % self.past] = input
        return output


def receptive_field(kernel: int, dilations: tuple[int, ...]) -> int:
    """Steps, the present one among them, that the last of such layers on top of one another sees."""
    return 1 + (kernel - 1) * sum(dilations)
