"""Coordinates as sines and cosines of doubling frequencies. Mildenhall et al. 2020, arXiv:2003.08934, eq. 4.

`smoothed_frequencies` is their mean over a Gaussian, the integrated encoding of mip-NeRF: Barron et al. 2021,
arXiv:2103.13415, eq. 13 and 14.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def frequencies(place: Tensor, octaves: int) -> Tensor:
    """Coordinates in [-1, 1] beside sin and cos of 2^k pi times each.  [..., D] -> [..., D (1 + 2 octaves)]

    The coordinates come first, then octave by octave all sines and all cosines.
    """
    factor = math.pi * 2.0 ** torch.arange(octaves, device=place.device, dtype=place.dtype)
    angle = place[..., None, :] * factor[:, None]
    waves = torch.stack((angle.sin(), angle.cos()), -2)  # [..., octaves, 2, D]
    return torch.cat((place, waves.flatten(-3)), -1)


def smoothed_frequencies(mean: Tensor, variance: Tensor, octaves: int) -> Tensor:
    """The means of sin and cos of 2^k times Gaussian coordinates, k < octaves.  [..., D] twice -> [..., 2 D octaves]

    variance: of each coordinate by itself. Waves that are shorter than the Gaussian fade.
    """
    factor = 2.0 ** torch.arange(octaves, device=mean.device, dtype=mean.dtype)
    angle = mean[..., None, :] * factor[:, None]
    fade = torch.exp(-0.5 * variance[..., None, :] * factor[:, None] ** 2)
    waves = torch.stack((angle.sin() * fade, angle.cos() * fade), -2)
    return waves.flatten(-3)
