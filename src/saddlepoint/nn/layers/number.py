"""One number, or a small tensor, that survives a restart: a controller's output, a running mean, a held rate."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


@final
class Number(nn.Module):
    """A buffer `value`, float32. Beside the networks of a method, moved in `after_step`.

    value: what it starts at.
    """

    value: Tensor

    def __init__(self, value: float | Tensor = 0.0) -> None:
        super().__init__()
        self.register_buffer("value", torch.as_tensor(value, dtype=torch.float32).clone())
