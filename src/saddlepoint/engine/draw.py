"""Where a step gets data and random numbers from: one draw for the whole global batch, cut for each micro-batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from saddlepoint.data.batches import Batch
from saddlepoint.keyed import generator

Read = Callable[[int, int, int], Batch]


@final
class PartDraw:
    """The rows of one micro-batch of one rank: part `part` of `parts`.

    read(position, part, parts) gives a batch; `position` is the first draw of this step. Random numbers are made whole
    from a generator keyed (seed, step, call) and sliced, so how the batch is cut changes nothing.
    """

    def __init__(
        self, read: Read, position: int, seed: int, step: int, part: int, parts: int, device: torch.device
    ) -> None:
        self._read, self._position, self._key = read, position, (seed, step)
        self._part, self._parts, self._device = part, parts, device
        self.batches = self._calls = 0

    def __call__(self) -> Batch:
        """The next batch."""
        batch = self._read(self._position + self.batches, self._part, self._parts)
        self.batches += 1
        return batch

    def noise(self, n: int, *shape: int) -> Tensor:
        """N(0, 1), [n, *shape] float32."""
        return self._rows(torch.randn, n, shape)

    def uniform(self, n: int, *shape: int) -> Tensor:
        """U[0, 1), [n, *shape] float32."""
        return self._rows(torch.rand, n, shape)

    def _rows(self, make: Callable[..., Tensor], n: int, shape: tuple[int, ...]) -> Tensor:
        stream = generator(*self._key, "draw", self._calls, device=self._device)
        self._calls += 1
        whole = make(n * self._parts, *shape, generator=stream, device=self._device)
        return whole if self._parts == 1 else whole[self._part * n : (self._part + 1) * n]
