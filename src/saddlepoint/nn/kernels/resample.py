"""Resampling by a short filter: insert zeros, pad, filter, drop. Karras et al. 2019, arXiv:1812.04948, section 3; Zhang
2019, arXiv:1904.11486.

`resample` uses torch's own convolutions, one filter a channel; `resample_reference` says what it computes. Both can be
differentiated twice. Maps in channels-last memory are several times faster on a processor.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BLUR = (0.125, 0.375, 0.375, 0.125)
"""[1, 3, 3, 1] / 8: the low-pass filter of StyleGAN2, whose two halves sum to one half each"""


def resample_reference(
    x: Tensor, taps: Tensor, *, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0), gain: float = 1.0
) -> Tensor:
    """Maps [N, C, H, W] through the filter `taps` along both axes, between raising and lowering the resolution.

    up: each value is followed by up - 1 zeros. pad: zeros then put before and after, the same on both axes; negative
    takes values away. The filter is a true convolution (the last tap meets the first value), without further padding,
    times `gain`. down: of what is left every down-th value stays, the first among them.
    Returns [N, C, H', W'] with H' = ceil((H up + sum(pad) - len(taps) + 1) / down).
    """
    n, channels, height, width = x.shape
    x = x.reshape(n, channels, height, 1, width, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).reshape(n, channels, height * up, width * up)
    x = F.pad(x, (*pad, *pad))
    kernel = (torch.outer(taps, taps) * gain).flip(0, 1).to(x.dtype)
    x = F.conv2d(x, kernel.expand(channels, 1, -1, -1), groups=channels)
    return x[:, :, ::down, ::down]


def resample(
    x: Tensor, taps: Tensor, *, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0), gain: float = 1.0
) -> Tensor:
    """As `resample_reference`, without computing with zeros that were put in or values that are dropped."""
    if len(taps) <= 4:  # both axes at once: one pass over memory
        return _along(x, torch.outer(taps, taps) * gain, up, down, pad, (True, True))
    x = _along(x, taps[:, None] * gain, up, down, pad, (True, False))
    return _along(x, taps[None, :], up, down, pad, (False, True))


def _along(x: Tensor, kernel: Tensor, up: int, down: int, pad: tuple[int, int], axes: tuple[bool, bool]) -> Tensor:
    """One filter, along the axes (rows, columns) that are True. kernel: [rows, columns], 1 where not filtered."""
    channels, length = x.shape[1], max(kernel.shape)
    weight = kernel.to(x.dtype).expand(channels, 1, *kernel.shape)
    if up > 1:  # a transposed convolution computes all that is not zero; crop or pad it to what is asked for
        before, after = pad[0] - (length - 1), pad[1] - (length - up)
        inside = max(0, min(-before, -after))
        x = F.conv_transpose2d(x, weight, stride=_on(axes, up), padding=_on(axes, inside, 0), groups=channels)
        x = _padded(x, before + inside, after + inside, axes)
        return _every(x, down, axes)
    inside = pad[0] if pad[0] == pad[1] and pad[0] >= 0 else 0
    if inside == 0:
        x = _padded(x, *pad, axes)
    return F.conv2d(x, weight.flip(2, 3), stride=_on(axes, down), padding=_on(axes, inside, 0), groups=channels)


def _on(axes: tuple[bool, bool], value: int, otherwise: int = 1) -> tuple[int, int]:
    return (value if axes[0] else otherwise, value if axes[1] else otherwise)


def _padded(x: Tensor, before: int, after: int, axes: tuple[bool, bool]) -> Tensor:
    if not (before or after):
        return x
    columns, rows = (before, after) if axes[1] else (0, 0), (before, after) if axes[0] else (0, 0)
    return F.pad(x, (*columns, *rows))


def _every(x: Tensor, down: int, axes: tuple[bool, bool]) -> Tensor:
    return x if down == 1 else x[:, :, :: down if axes[0] else 1, :: down if axes[1] else 1]
