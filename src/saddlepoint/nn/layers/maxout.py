"""Maxout: the largest of several linear maps. Goodfellow et al. 2013, arXiv:1302.4389, section 2."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn


@final
class Maxout(nn.Module):
    """`width` units, each the largest of `pieces` linear functions of the input: [N, inputs] -> [N, width]."""

    def __init__(self, inputs: int, width: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, width * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        largest: Tensor = self.linear(x).unflatten(1, (-1, self.pieces)).amax(dim=2)
        return largest
