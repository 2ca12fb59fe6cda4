"""Does the generator copy its training images? The nearest one of each generated image, in pixels or in features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles, Floats
from saddlepoint.metrics.images import Bytes

_ROWS = 4096  # training rows held in float64 at once


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest training image of each generated one."""

    index: NDArray[np.int64]
    """[m] row of the training set"""
    distance: Doubles
    """[m] Euclidean, in units of the features"""

    def part(self, rows: slice) -> Neighbours:
        """Those of some of the images."""
        return Neighbours(self.index[rows], self.distance[rows])


def nearest(train: Floats, fake: Floats) -> Neighbours:
    """For each row of fake [m, d] the nearest row of train [n, d]; train may be a memory map. Raises ShapeError."""
    if train.ndim != 2 or fake.ndim != 2 or train.shape[1] != fake.shape[1] or not len(train) or not len(fake):
        raise ShapeError(f"features must be [n, d] and [m, d], got {list(train.shape)} and {list(fake.shape)}.")
    queries = torch.from_numpy(fake.astype(np.float64))
    best = torch.full((len(fake),), torch.inf, dtype=torch.float64)
    index = torch.zeros(len(fake), dtype=torch.int64)
    for start in range(0, len(train), _ROWS):
        rows = torch.from_numpy(train[start : start + _ROWS].astype(np.float64))
        distance, place = torch.cdist(queries, rows, compute_mode="donot_use_mm_for_euclid_dist").min(1)
        closer = distance < best
        best, index = torch.where(closer, distance, best), torch.where(closer, place + start, index)
    return Neighbours(index.numpy(), best.numpy())


@dataclass(frozen=True)
class Copying:
    """How near to the training set the generated images come, against real images it has not seen."""

    ratio: float
    """median distance of generated images to training images over that of held-out ones; well below 1 means copying"""
    share: float
    """share of generated images nearer to a training image than 99 % of held-out ones; 0.01 where nothing is copied"""


def copying(held_out: Neighbours, fake: Neighbours) -> Copying:
    """Compares the nearest training images of held-out and of generated ones."""
    held_out_distance, fake_distance = held_out.distance, fake.distance
    return Copying(
        float(np.median(fake_distance) / max(np.median(held_out_distance), np.finfo(np.float64).tiny)),
        float((fake_distance < np.quantile(held_out_distance, 0.01)).mean()),
    )


def side_by_side(fake: Bytes, train: Bytes, *neighbours: Neighbours, count: int = 8) -> Bytes:
    """The `count` generated images nearest to the training set, each beside its neighbours.  uint8 [count, C, H, k W]

    fake: uint8 [m, C, H, W], in the order of `neighbours`, of which the first says which are nearest. train: uint8
    [n, C, H, W]. With neighbours in pixels and in features a row shows three pictures.
    """
    closest = np.argsort(neighbours[0].distance, kind="stable")[:count]
    return np.concatenate([fake[closest], *(train[each.index[closest]] for each in neighbours)], axis=3)
