"""Between bytes and what the networks see: 0..255 and [-1, 1], there and back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from saddlepoint.errors import ConfigError, ShapeError


def pixels(image: Tensor) -> Tensor:
    """uint8 [N, C, H, W] as the networks see it: float32 in [-1, 1], channels last; (x - 127.5) / 127.5."""
    return image.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1.0)


def averaged(image: Tensor, times: int) -> Tensor:
    """Images [N, C, H, W] averaged down to a whole fraction of their sides.

    times: how often smaller; 1 leaves them. Raises ConfigError when a side is no whole multiple of it.
    """
    if times == 1:
        return image
    height, width = image.shape[2:]
    if height % times or width % times:
        raise ConfigError(f"images of {width}x{height} pixels cannot be averaged down {times} times.")
    return functional.avg_pool2d(image, times)


def window(image: Tensor, extra: int, corner: list[list[int]]) -> Tensor:
    """Images [N, C, H, W] enlarged by `extra` pixels each way (bilinear), and of each the [H, W] from its corner on.

    corner: (row, column) for each, from 0 to `extra`: the random jitter of Isola et al. 2017, arXiv:1611.07004, 6.2.
    """
    height, width = image.shape[2:]
    large = functional.interpolate(image, (height + extra, width + extra), mode="bilinear")
    cut = [each[:, top : top + height, left : left + width] for each, (top, left) in zip(large, corner)]
    return torch.stack(cut).contiguous(memory_format=torch.channels_last)


def to_uint8(images: Tensor) -> Tensor:
    """What a network returned, as 8-bit images on the CPU: [-1, 1] to 0..255, rounded to the nearest, clipped outside.

    images: float [N, C, H, W] on any device; what is not a number becomes 0.
    Raises ShapeError for a tensor that is not floating.
    """
    if not images.is_floating_point():
        raise ShapeError(f"to_uint8 takes float images in [-1, 1], got {images.dtype}; uint8 needs no conversion.")
    scaled = (images.detach().float() + 1) * 127.5
    return scaled.nan_to_num_(0.0, 255.0, 0.0).round_().clamp_(0, 255).to("cpu", torch.uint8).contiguous()
