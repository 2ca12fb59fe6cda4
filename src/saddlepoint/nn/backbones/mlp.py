"""Fully connected networks with ReLU, from noise to examples and from them to a few numbers. arXiv:1704.00028, toys."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

from torch import Tensor, nn
from torch.nn import functional as F


@final
class MLPGenerator(nn.Module):
    """[N, latent] -> images [N, C, H, W] in [-1, 1] or points [N, D], float32: ReLU layers, and tanh for images.

    bounded: False leaves the tanh out.
    """

    def __init__(self, latent: int, widths: tuple[int, ...], shape: tuple[int, ...], *, bounded: bool = True) -> None:
        super().__init__()
        self.shape, self.bounded = shape, bounded and len(shape) > 1
        self.hidden = nn.ModuleList(nn.Linear(inputs, width) for inputs, width in pairwise((latent, *widths)))
        self.output = nn.Linear((latent, *widths)[-1], math.prod(shape))

    def forward(self, latent: Tensor) -> Tensor:
        x = latent
        for layer in self.hidden:
            x = F.relu(layer(x))
        images: Tensor = self.output(x).float().unflatten(1, self.shape)
        return images.tanh() if self.bounded else images


@final
class MLPCritic(nn.Module):
    """Images [N, C, H, W] or points [N, D] -> [N] logits, or with `outputs` [N, outputs]: ReLU layers.

    A single verdict has no bias: in a difference of real and fake it would cancel.
    """

    def __init__(self, shape: tuple[int, ...], widths: tuple[int, ...], outputs: int | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.hidden = nn.ModuleList(nn.Linear(inputs, width) for inputs, width in pairwise((math.prod(shape), *widths)))
        self.output = nn.Linear((math.prod(shape), *widths)[-1], outputs or 1, bias=outputs is not None)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.hidden:
            x = F.relu(layer(x))
        logits: Tensor = self.output(x)
        return logits.squeeze(1) if self.outputs is None else logits
