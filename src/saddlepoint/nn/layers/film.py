"""Sine layers whose frequency and phase a code sets. Chan et al. 2021, arXiv:2012.00926, section 3.1 and eq. 4."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

_FREQUENCY, _SPREAD = 30.0, 15.0  # of the raw numbers of a code: 15 f + 30


@final
class FilmSine(nn.Module):
    """sin(g (W x + b) + p), [N, P, n] -> [N, P, m]; first: the layer that takes places, whose weights are larger."""

    def __init__(self, inputs: int, outputs: int, first: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        bound = 1 / inputs if first else math.sqrt(6 / inputs) / 25
        nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x: Tensor, frequency: Tensor, phase: Tensor) -> Tensor:
        """frequency, phase: [N, m]; the frequency as the mapping gives it, before it is spread about 30."""
        return torch.sin((_SPREAD * frequency + _FREQUENCY)[:, None] * self.linear(x) + phase[:, None])
