"""A pool of fixed capacity for primitives whose number changes (splats, particles, prototypes): rows live and die.

Shapes never change, so checkpoints, averages and optimisers stay as they are. Births, splits and prunes move rows, in
`after_step`, which returns the rows that now stand for something else: their moments start anew.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.errors import ShapeError


@final
class Pool(nn.Module):
    """Parameters of `capacity` rows each, of which those that `alive` marks are in use.

    capacity: most rows that can be alive at once. start: what the first rows are, by name: tensors [n, ...] of one n;
    they become parameters [capacity, ...], such as `pool.mean`, zero where nothing lives yet.
    Raises ShapeError for tensors of several lengths, or more rows than there is room for.
    """

    alive: Tensor

    def __init__(self, capacity: int, **start: Tensor) -> None:
        super().__init__()
        rows = {len(value) for value in start.values()}
        if len(rows) != 1 or not 0 <= min(rows) <= capacity:
            raise ShapeError(
                f"a pool of {capacity} rows cannot start with {sorted(rows)} rows: give one number of all."
            )
        (count,) = rows
        self.capacity, self.names = capacity, tuple(start)
        self.register_buffer("alive", torch.arange(capacity) < count)
        for name, value in start.items():
            room = torch.zeros(capacity, *value.shape[1:], dtype=value.dtype)
            room[:count] = value
            self.register_parameter(name, nn.Parameter(room))

    def __len__(self) -> int:
        """Rows alive."""
        return int(self.alive.sum())

    def living(self) -> dict[str, Tensor]:
        """What lives, by name: [n, ...], with its gradient."""
        return {name: self.get_parameter(name)[self.alive] for name in self.names}

    @torch.no_grad()
    def bear(self, **values: Tensor) -> Tensor:
        """Put new rows where nothing lives. values: [n, ...] by name, of all parameters.

        Returns the rows that they took, int64: fewer than n where there is less room, and then the first of the values.
        """
        missing = set(self.names) ^ set(values)
        if missing:
            raise ShapeError(f"new rows need all of {', '.join(self.names)}; {', '.join(sorted(missing))} do not fit.")
        rows = torch.nonzero(~self.alive).flatten()[: len(next(iter(values.values())))]
        for name, value in values.items():
            self.get_parameter(name)[rows] = value[: len(rows)]
        self.alive[rows] = True
        return rows

    @torch.no_grad()
    def twin(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Copy living rows into free ones, to be told apart afterwards (a clone moved on, a split into two smaller).

        rows: int64 indices or a mask [capacity]. Returns the rows that have a twin, and the twins: fewer than were
        asked for where there is less room.
        """
        chosen = torch.nonzero(rows).flatten() if rows.dtype == torch.bool else rows
        twins = self.bear(**{name: self.get_parameter(name)[chosen] for name in self.names})
        return chosen[: len(twins)], twins

    @torch.no_grad()
    def prune(self, rows: Tensor) -> None:
        """Let rows die; their places are free. rows: int64 indices or a mask [capacity]."""
        self.alive[rows] = False
