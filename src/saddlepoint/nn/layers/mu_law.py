"""Between numbers in [-1, 1] and levels: even ones, or finer near 0 as telephones have them (mu-law, ITU-T G.711)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Coding = Literal["mu-law", "even"]


def levels_of(values: Tensor, levels: int, coding: Coding) -> Tensor:
    """The nearest level of each value, int64 from 0 to levels - 1; what lies outside [-1, 1] is cut.

    Source of mu-law: van den Oord et al. 2016, arXiv:1609.03499, section 2.2, with mu = levels - 1.
    """
    inside = values.clamp(-1, 1)
    if coding == "mu-law":
        mu = levels - 1
        inside = inside.sign() * torch.log1p(mu * inside.abs()) / math.log1p(mu)
    return ((inside + 1) / 2 * (levels - 1) + 0.5).floor().long().clamp(0, levels - 1)


def values_of(numbers: Tensor, levels: int, coding: Coding) -> Tensor:
    """The value that each level stands for, float32 in [-1, 1]; `levels_of` takes it to that level again."""
    even = numbers.float() / (levels - 1) * 2 - 1
    if coding == "even":
        return even
    mu = levels - 1
    return even.sign() * torch.expm1(even.abs() * math.log1p(mu)) / mu
