"""Convolution whose weights each image scales by its own style. Karras et al. 2020, arXiv:1912.04958, equations 1 to 3.

Paper             here
s_i               style
w, w', w''        weight, modulated, demodulated
demodulation      `normalise`: each output channel of each image gets weights of unit length

`modulated_reference` makes the weights of each image, as the equations do. `modulated` scales the maps before and after
one convolution with shared weights: the same numbers without a copy of the weights for each image, in a form that does
not fix how many images there are. Both can be differentiated twice.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.kernels.resample import resample, resample_reference

_EPSILON = 1e-8


def modulated_reference(
    x: Tensor, weight: Tensor, style: Tensor, *, blur: Tensor | None = None, normalise: bool = True, boost: float = 1.0
) -> Tensor:
    """Maps [N, I, H, W] to [N, O, H, W], or with `blur` to [N, O, 2H, 2W].

    weight: [O, I, k, k] with k odd. style: [N, I] float32, one factor for each input channel.
    blur: taps of the low-pass filter that follows a doubling by zeros; the doubling turns the weights by 180 degrees.
    normalise: demodulation. boost: times the weights, after it.
    """
    n, _, height, width = x.shape
    weights = weight[None] * style[:, None, :, None, None]  # [N, O, I, k, k], w'
    if normalise:
        weights = weights * torch.rsqrt(weights.square().sum((2, 3, 4), keepdim=True) + _EPSILON)
    weights, side = weights * boost, weight.shape[-1]
    if blur is None:
        rows, pad = x.reshape(1, -1, height, width), side // 2
    else:
        zeros = resample_reference(x, torch.ones(1), up=2)[:, :, : 2 * height - 1, : 2 * width - 1]
        rows, pad = zeros.reshape(1, -1, *zeros.shape[2:]), side - 1
        weights = weights.flip(3, 4)
    y = F.conv2d(rows, weights.reshape(-1, *weight.shape[1:]).to(x.dtype), padding=pad, groups=n)
    y = y.reshape(n, -1, *y.shape[2:])
    return y if blur is None else resample_reference(y, blur, pad=(1, 1), gain=4.0)


def modulated(
    x: Tensor,
    weight: Tensor,
    style: Tensor,
    *,
    blur: Tensor | None = None,
    normalise: bool = True,
    boost: float = 1.0,
) -> Tensor:
    """As `modulated_reference`."""
    after = lengths(weight, style) * boost if normalise else None  # [N, O]
    x = x * (style if normalise else style * boost).to(x.dtype)[:, :, None, None]
    if blur is None:
        y = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    else:
        y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # 2H + 1 a side
        y = resample(y, blur, pad=(1, 1), gain=4.0)
    return y if after is None else y * after.to(y.dtype)[:, :, None, None]


def lengths(weight: Tensor, style: Tensor) -> Tensor:
    """The factor that gives each output channel of each image weights of unit length.  [N, O] float32"""
    with torch.autocast(style.device.type, enabled=False):
        return torch.rsqrt(style.square() @ weight.square().sum((2, 3)).t() + _EPSILON)
