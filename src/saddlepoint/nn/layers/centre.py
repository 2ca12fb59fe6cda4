"""Examples as rows without their mean, and back: what dictionaries describe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind


@final
class Centre(nn.Module):
    """Between examples [N, *shape] and rows [N, D] without the mean of all.

    kind: of the examples. Of images with a black and a white the mean is taken off, and what is made of rows is cut to
    [-1, 1]; patches that are whitened, and points, stay as they are.
    """

    mean: Tensor

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.shape: Sequence[int] = kind.shape
        self.centred = isinstance(kind, Image) and kind.bits < 32
        self.register_buffer("mean", torch.zeros(math.prod(kind.shape)))

    @torch.no_grad()
    def fit(self, examples: Tensor) -> None:
        """Take the mean of examples [N, *shape] for that of all."""
        if self.centred:
            self.mean.copy_(examples.float().flatten(1).mean(0))

    def rows(self, examples: Tensor) -> Tensor:
        """[N, *shape] -> [N, D], float32."""
        return examples.float().flatten(1) - self.mean

    def examples(self, rows: Tensor) -> Tensor:
        """[N, D] -> [N, *shape], float32."""
        examples: Tensor = (rows.float() + self.mean).unflatten(1, self.shape)
        return examples.clamp(-1, 1) if self.centred else examples
