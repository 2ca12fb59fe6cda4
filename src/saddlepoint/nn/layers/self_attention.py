"""Attention among the places of a map, beside convolutions. Zhang et al. 2019 (SAGAN), arXiv:1805.08318, section 3.

Paper       here
f, g, h     `theta`, `phi`, `value`; as in the authors' code phi and value are pooled by 2x2 maxima
gamma       `gate`, which starts at 0: at first a layer sees its own surroundings alone
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class SelfAttention2d(nn.Module):
    """Maps [N, C, H, W] -> the same, with what each place takes from all others added; H and W are even.

    C is 8 or more, or attention compares a single number of each place.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        narrow, half = max(1, width // 8), max(1, width // 2)
        self.theta, self.phi = nn.Conv2d(width, narrow, 1, bias=False), nn.Conv2d(width, narrow, 1, bias=False)
        self.value, self.out = nn.Conv2d(width, half, 1, bias=False), nn.Conv2d(half, width, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(()))

    def shares(self, x: Tensor) -> Tensor:
        """What each place takes from each 2x2 of places; rows sum to 1.  [N, H W, H W / 4]"""
        question, offer = self.theta(x).flatten(2), F.max_pool2d(self.phi(x), 2).flatten(2)
        shares: Tensor = (question.transpose(1, 2) @ offer).softmax(2)
        return shares

    def forward(self, x: Tensor) -> Tensor:
        values = F.max_pool2d(self.value(x), 2).flatten(2)  # [N, C / 2, H W / 4]
        gathered = (values @ self.shares(x).transpose(1, 2)).unflatten(2, x.shape[2:])
        output: Tensor = x + self.gate * self.out(gathered)
        return output
