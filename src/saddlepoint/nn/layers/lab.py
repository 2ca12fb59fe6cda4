"""Colours by lightness and two opponents, CIE L*a*b* under D65, from sRGB and back; both can be differentiated.

Source: IEC 61966-2-1 and CIE 15. L is 0 to 100; a and b of sRGB colours lie between -108 and 99.
"""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.nn.full_precision import in_full

_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE = (0.95047, 1.0, 1.08883)
_BEND = 6 / 29


@in_full
def to_lab(rgb: Tensor) -> Tensor:
    """[N, 3, ...] in [0, 1] -> L, a, b, the same shape."""
    linear = torch.where(rgb > 0.04045, ((rgb.clamp_min(0.04045) + 0.055) / 1.055).pow(2.4), rgb / 12.92)
    xyz = torch.einsum("dc,nc...->nd...", rgb.new_tensor(_TO_XYZ), linear)
    ratio = xyz / rgb.new_tensor(_WHITE).view(1, 3, *[1] * (rgb.dim() - 2))
    bent = torch.where(ratio > _BEND**3, ratio.clamp_min(_BEND**3).pow(1 / 3), ratio / (3 * _BEND**2) + 4 / 29)
    x, y, z = bent.unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), 1)


@in_full
def to_rgb(lab: Tensor) -> Tensor:
    """L, a, b [N, 3, ...] -> [0, 1], the same shape; colours that sRGB has not are cut."""
    lightness, a, b = lab.unbind(1)
    y = (lightness + 16) / 116
    bent = torch.stack((y + a / 500, y, y - b / 200), 1)
    ratio = torch.where(bent > _BEND, bent.pow(3), 3 * _BEND**2 * (bent - 4 / 29))
    xyz = ratio * lab.new_tensor(_WHITE).view(1, 3, *[1] * (lab.dim() - 2))
    linear = torch.einsum("dc,nc...->nd...", torch.linalg.inv(lab.new_tensor(_TO_XYZ)), xyz).clamp(0, 1)
    return torch.where(
        linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308).pow(1 / 2.4) - 0.055, 12.92 * linear
    ).clamp(0, 1)
