"""Distillation: one model's probabilities near another's, softened so that unlikely classes count too.

Hinton et al. 2015, arXiv:1503.02531, section 2.
"""

from __future__ import annotations

import torch
from torch import Tensor


def distillation(given: Tensor, aim: Tensor, temperature: float) -> Tensor:
    """T^2 KL(aim || given) in nats, both softened by the temperature T, a mean over rows.  probabilities [N, K] twice

    Logits that are divided by T are probabilities to the power 1 / T with a new sum. T^2 keeps the slope's size.
    """
    least = torch.finfo(given.dtype).tiny
    own, other = ((p.clamp_min(least).log() / temperature).log_softmax(1) for p in (given, aim))
    return temperature**2 * (other.exp() * (other - own)).sum(1).mean()
