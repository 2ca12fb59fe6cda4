"""Labels as one-hot inputs, beside noise or as constant maps of an image. Mirza & Osindero 2014, arXiv:1411.1784."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def with_label(x: Tensor, label: Tensor, classes: int) -> Tensor:
    """[N, C, ...] and [N] int64 -> [N, C + classes, ...]: the one-hot label joined to the second axis, everywhere."""
    hot = F.one_hot(label, classes).to(x.dtype).view(len(x), classes, *[1] * (x.dim() - 2))
    return torch.cat([x, hot.expand(-1, -1, *x.shape[2:])], 1)


@final
class LabelledGenerator(nn.Module):
    """[N, latent], [N] int64 -> examples: `network` takes noise and one-hot label together, [N, latent + classes]."""

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network, self.classes = network, classes

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        images: Tensor = self.network(with_label(latent, label, self.classes))
        return images
