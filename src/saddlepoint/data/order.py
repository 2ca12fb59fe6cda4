"""The order of examples: a pure function of (seed, stage, epoch), so a position in it is one integer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from saddlepoint.keyed import numpy_generator


def batches_per_epoch(rows: int, batch: int) -> int:
    """Whole batches in one pass over `rows` examples; the incomplete last one is dropped."""
    return rows // batch


def epoch_of(position: int, rows: int, batch: int) -> tuple[int, int]:
    """(epoch, index of the batch within it) of draw number `position`."""
    return divmod(position, batches_per_epoch(rows, batch))


def rows_at(position: int, rows: int, batch: int, seed: int, stage: int = 0) -> np.ndarray:
    """The `batch` rows of draw number `position` in a stage: rows iB...(i+1)B of the epoch's permutation. int64."""
    epoch, index = epoch_of(position, rows, batch)
    return _permutation(rows, seed, stage, epoch)[index * batch : (index + 1) * batch]


@lru_cache(maxsize=2)
def _permutation(rows: int, seed: int, stage: int, epoch: int) -> np.ndarray:
    return numpy_generator(seed, "order", stage, epoch).permutation(rows)
