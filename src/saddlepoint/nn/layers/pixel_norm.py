"""Each pixel's vector of channels brought to mean square one. Karras et al. 2018, arXiv:1710.10196, section 4.2."""

from __future__ import annotations

import torch
from torch import Tensor


def pixel_norm(x: Tensor, epsilon: float = 1e-8) -> Tensor:
    """[N, C, ...] / sqrt(mean over C of its squares + epsilon): maps by pixel, or latents [N, C] by row."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + epsilon)
