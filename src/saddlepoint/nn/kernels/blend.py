"""What each pair of a list adds to its pixel: alpha times what all pairs before it in the pixel let through.

The pairs of splats and pixels lie in one list, by pixel and within it from front to back. Kerbl et al. 2023,
arXiv:2308.04079, eq. 3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def weights(alpha: Tensor, pixel: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The weight of each pair, and what each of `count` pixels lets through of its background.  [M] -> [M], [count]

    alpha: in [0, 1), with its gradient. pixel: whole numbers, ascending.
    """
    weight, left = _Weights.apply(alpha, pixel, count)
    return weight, left


class _Weights(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, alpha: Tensor, pixel: Tensor, count: int) -> tuple[Tensor, Tensor]:
        logs = torch.log1p(-alpha).double()
        total = logs.new_zeros(count).index_add_(0, pixel, logs)
        # One sum runs over the whole list; what earlier pixels have is taken off again.
        starts = total.cumsum(0) - total
        reaching = torch.exp((logs.cumsum(0) - logs - starts.index_select(0, pixel)).to(alpha.dtype))
        left = torch.exp(total).to(alpha.dtype)
        ctx.save_for_backward(alpha, reaching, left, pixel)
        return alpha * reaching, left

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        alpha, reaching, left, pixel = ctx.saved_tensors
        on_weight, on_left = slopes
        # A pair dims all later pairs of its pixel, and what is behind them.
        gain = (alpha * reaching * on_weight).double()
        after = gain.new_zeros(len(left)).index_add_(0, pixel, gain)
        behind = (after.cumsum(0).index_select(0, pixel) - gain.cumsum(0)).to(alpha.dtype)
        behind += (left * on_left).index_select(0, pixel)
        return reaching * on_weight - behind / (1 - alpha), None, None
