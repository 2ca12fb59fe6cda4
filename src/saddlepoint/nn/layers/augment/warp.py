"""Turning, scaling and shifting images without aliasing. Karras et al. 2020, arXiv:2006.06676, appendix B.

The image is doubled by a wavelet's low-pass filter, read at the moved places with bilinear weights, and halved by the
mirrored filter. The filter is orthonormal to its own even shifts, so an image that stays where it is comes back as it
was. Beyond its edges the image is mirrored about the outermost pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.kernels.resample import resample

SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
    0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
"""low-pass taps of Daubechies' least asymmetric wavelet with six vanishing moments; their squares sum to 1"""

_MIDDLE = 5  # the tap about which the filter is nearest to symmetric
_EDGE = 6  # pixels by which the image is mirrored outwards: 3 for the halving to read, 3 for the doubling to be right


def warp(images: Tensor, inverse: Tensor) -> Tensor:
    """Images [N, C, S, S] moved; can be differentiated twice with respect to them. S is 8 or more.

    inverse: [N, 3, 3]; takes a place in the result, (x, y, 1) in pixels from the image's middle, x to the right and y
    down, to the place in `images` that is seen there. No gradient flows to it.
    """
    n, _, side, _ = images.shape
    taps = torch.tensor(SYM6, device=images.device, dtype=images.dtype)
    mirrored = F.pad(images, (_EDGE,) * 4, mode="reflect")
    doubled = resample(mirrored, taps, up=2, pad=(len(taps) - 1, len(taps) - 2))  # every half pixel, half as bright
    first = -_EDGE - _MIDDLE / 2  # where its first value lies, in pixels from the image's first
    middle, length = (side - 1) / 2, 2 * side + len(taps) - 2
    along = (torch.arange(length, device=images.device, dtype=images.dtype) - _MIDDLE) / 2 - middle
    y, x = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)]).flatten(1)  # [3, P], from the result's middle
    source = (inverse[:, :2].to(images.dtype) @ places).transpose(
        1, 2
    ) + middle  # [N, P, 2], from the image's first pixel
    far = (source - middle).abs() > middle + _EDGE / 2
    source = torch.where(far, side - 1 - (source.remainder(2 * (side - 1)) - (side - 1)).abs(), source)
    grid = ((4 * (source - first) + 1) / doubled.shape[-1] - 1).view(n, length, length, 2)
    moved: Tensor = _Read.apply(doubled, grid.detach())
    return resample(moved, taps.flip(0), down=2)


class _Read(torch.autograd.Function):
    """Bilinear reading at `grid`, in [-1, 1] over the image's area; not every torch can differentiate its own twice."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Write.apply(gradient, grid, ctx.shape), None


class _Write(torch.autograd.Function):
    """The transpose of `_Read`: each value spread over the four pixels that it was read from."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        unread = values.new_zeros(shape)
        spread: Tensor = torch.ops.aten.grid_sampler_2d_backward(values, unread, grid, 0, 0, False, (True, False))[0]
        return spread

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Read.apply(gradient, grid), None, None
