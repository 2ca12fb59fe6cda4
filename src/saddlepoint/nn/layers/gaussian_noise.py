"""Noise added in training. Salimans et al. 2016, arXiv:1606.03498, as its code regularises the critic."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


@final
class GaussianNoise(nn.Module):
    """Adds N(0, spread) to each number in training, nothing in evaluation. Drawn from torch's global generator."""

    def __init__(self, spread: float) -> None:
        super().__init__()
        self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        return x + self.spread * torch.randn_like(x) if self.training and self.spread else x

    def extra_repr(self) -> str:
        """As torch prints a layer's settings."""
        return f"spread={self.spread:g}"
