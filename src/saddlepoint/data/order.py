"""The order of examples: a pure function of (seed, stage, epoch), so a position in it is one integer."""

from __future__ import annotations

from collections.abc import Sequence
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


def balanced_rows_at(position: int, groups: Sequence[np.ndarray], batch: int, seed: int, stage: int = 0) -> np.ndarray:
    """The `batch` rows of draw number `position` where the classes take turns. int64

    groups: the rows of each class. Over all draws place t goes to class t modulo the classes, which runs through its
    own rows in one keyed permutation after another: the classes of a batch differ by one image at most, and a small
    class comes around more often. Within a batch the order is shuffled.
    """
    turn, which = np.divmod(np.arange(position * batch, (position + 1) * batch), len(groups))
    rows = np.empty(batch, np.int64)
    for index in np.unique(which):
        group, own = groups[index], which == index
        again, place = np.divmod(turn[own], len(group))
        orders = {int(n): _class_permutation(len(group), seed, stage, int(index), int(n)) for n in np.unique(again)}
        rows[own] = [group[orders[int(n)][p]] for n, p in zip(again, place)]
    return numpy_generator(seed, "balanced", stage, position).permutation(rows)


@lru_cache(maxsize=2)
def _permutation(rows: int, seed: int, stage: int, epoch: int) -> np.ndarray:
    return numpy_generator(seed, "order", stage, epoch).permutation(rows)


@lru_cache(maxsize=256)
def _class_permutation(rows: int, seed: int, stage: int, index: int, again: int) -> np.ndarray:
    return numpy_generator(seed, "class order", stage, index, again).permutation(rows)
