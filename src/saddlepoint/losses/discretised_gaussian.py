"""A normal distribution cut into the levels of a pixel: a probability, where its density would be none."""

from __future__ import annotations

import torch
from torch import Tensor


def discretised_gaussian(image: Tensor, mean: Tensor, deviation: Tensor | float, levels: int = 256) -> Tensor:
    """Log-probability of pixels of `levels` levels, summed over each image.  [N, ...] twice -> [N]

    image: on the levels in [-1, 1]. Each level gets what N(mean, deviation) holds within half a step of it, and the
    darkest and the brightest all that lies beyond. (The logistic one of PixelCNN++ is made alike, arXiv:1701.05517.)
    """
    half = 1 / (levels - 1)
    upper, lower = (image + half - mean) / deviation, (image - half - mean) / deviation
    upper = torch.where(image > 1 - half, torch.inf, upper)
    lower = torch.where(image < -1 + half, -torch.inf, lower)
    right = upper + lower > 0  # there the two ends are nearly 1; their mirror images are not
    above, below = torch.where(right, -lower, upper), torch.where(right, -upper, lower)
    log_above, log_below = torch.special.log_ndtr(above), torch.special.log_ndtr(below)
    terms: Tensor = log_above + torch.log(-torch.expm1((log_below - log_above).clamp_max(-1e-7)))
    return terms.flatten(1).sum(1)
