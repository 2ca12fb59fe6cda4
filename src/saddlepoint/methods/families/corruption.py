"""Corruptions of denoising autoencoders. Vincent et al. 2010, JMLR 11, section 3.3; 2008, doi:10.1145/1390156.1390294.

Masking makes values black (0 for points), salt and pepper makes them black or white with equal chance, and Gaussian
noise is added to all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from saddlepoint.errors import ConfigError

Corruption = Literal["none", "masking", "gaussian", "salt-and-pepper"]
Numbers = Callable[..., Tensor]
"""of a count and a shape: random numbers [n, *shape], as `draw.noise` and `draw.uniform` give them"""


def corrupted(
    x: Tensor, how: Corruption, amount: float, noise: Numbers, uniform: Numbers, black: float | None = None
) -> Tensor:
    """Examples [N, ...] made worse, the same shape; images in [-1, 1] may leave that range under Gaussian noise.

    amount: the share of values that change, or the standard deviation of the noise, where images span -1 to 1. black:
    what masking sets values to; by default -1 for images and 0 for rows.
    """
    if how == "none":
        return x
    if how == "gaussian":
        return x + amount * noise(len(x), *x.shape[1:])
    chance = uniform(len(x), *x.shape[1:])
    if how == "masking":
        hidden = black if black is not None else 0.0 if x.dim() == 2 else -1.0
        return torch.where(chance < amount, hidden, x)
    return torch.where(chance < amount / 2, -1.0, torch.where(chance < amount, 1.0, x))


def check_amount(how: Corruption, amount: float, name: str = "--noise") -> None:
    """Raises ConfigError for a share of values above 1."""
    if how in ("masking", "salt-and-pepper") and amount > 1:
        raise ConfigError(f"{how} changes a share of the values, so {name} is from 0 to 1, not {amount}.")
