"""Changes of colour as matrices that act on pixels. Karras et al. 2020, arXiv:2006.06676, appendix B.

A pixel is (channels, 1); matrices are [N, C + 1, C + 1] and are applied from the right end of a product on. Grey is the
direction in which all channels are equal. Only `hue` needs three channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def brightness(amount: Tensor, channels: int) -> Tensor:
    """Adds `amount` [N] to every channel."""
    matrix = _identity(amount, channels)
    matrix[:, :channels, channels] = amount[:, None]
    return matrix


def contrast(factor: Tensor, channels: int) -> Tensor:
    """Multiplies every channel by `factor` [N]; the middle of [-1, 1] stays."""
    return _linear(factor[:, None, None] * torch.eye(channels, device=factor.device))


def luma_flip(flip: Tensor, channels: int) -> Tensor:
    """Turns light to dark where `flip` [N] is 1, and leaves hue and saturation: a reflection along grey."""
    return _linear(torch.eye(channels, device=flip.device) - 2 * flip[:, None, None] * _grey(flip, channels))


def hue(angle: Tensor) -> Tensor:
    """Turns three channels by `angle` [N] about grey (Rodrigues)."""
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    grey, identity = _grey(angle, 3), torch.eye(3, device=angle.device)
    turned = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], device=angle.device) / math.sqrt(3)
    return _linear(cosine * identity + sine * turned + (1 - cosine) * grey)


def saturation(factor: Tensor, channels: int) -> Tensor:
    """Multiplies what is not grey by `factor` [N]."""
    grey = _grey(factor, channels)
    return _linear(grey + factor[:, None, None] * (torch.eye(channels, device=factor.device) - grey))


def recolour(images: Tensor, matrix: Tensor) -> Tensor:
    """Images [N, C, H, W] with every pixel multiplied by its image's matrix."""
    channels = images.shape[1]
    turned = torch.einsum("nij,njhw->nihw", matrix[:, :channels, :channels], images)
    return turned + matrix[:, :channels, channels, None, None]


def _grey(like: Tensor, channels: int) -> Tensor:
    return torch.full((channels, channels), 1 / channels, device=like.device)


def _linear(matrix: Tensor) -> Tensor:
    """[N, C, C] -> [N, C + 1, C + 1], nothing added."""
    whole = _identity(matrix[:, 0, 0], matrix.shape[1])
    whole[:, :-1, :-1] = matrix
    return whole


def _identity(like: Tensor, channels: int) -> Tensor:
    return torch.eye(channels + 1, device=like.device).repeat(len(like), 1, 1)
