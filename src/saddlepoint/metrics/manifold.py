"""Where two sets of features lie on each other: precision, recall, density and coverage.

Each set is taken as the union of balls around its points that reach their k-th neighbour. Kynkäänniemi et al. 2019,
arXiv:1904.06991, eq. 1-2 (precision and recall); Naeem et al. 2020, arXiv:2002.09797, eq. 3-4 (density and coverage).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.statistics import Floats

_ROWS = 2048  # rows of the distance matrix held at once


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares in [0, 1]."""

    precision: float
    """of the generated images, how many lie in a ball around a real one: quality"""
    recall: float
    """of the real images, how many lie in a ball around a generated one: variety"""

    @property
    def harmonic(self) -> float:
        """2 P R / (P + R), or 0 where both are 0."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-5)


@dataclass(frozen=True)
class DensityCoverage:
    """Like precision and recall, but less moved by single outliers."""

    density: float
    """mean number of real balls that a generated image lies in, divided by k; may exceed 1"""
    coverage: float
    """share of real balls that hold a generated image, in [0, 1]"""


def precision_recall(real: Floats, fake: Floats, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall with balls to the k-th neighbour, closed (distance <= radius).

    real: [n, d], fake: [m, d]. Compare only figures of the same n, m, k and extractor. Raises ShapeError, ConfigError.
    """
    x, y = _pair(real, fake, k)
    radius_x, radius_y = _radii(x, k), _radii(y, k)
    inside = sum(int((block <= radius_x).any(1).sum()) for block in _distances(y, x))
    reached = sum(int((block <= radius_y).any(1).sum()) for block in _distances(x, y))
    return PrecisionRecall(inside / len(y), reached / len(x))


def density_coverage(real: Floats, fake: Floats, k: int = 5) -> DensityCoverage:
    """Density and coverage with open balls (distance < radius) around the real images.

    real: [n, d], fake: [m, d]. Raises ShapeError, ConfigError.
    """
    x, y = _pair(real, fake, k)
    radius = _radii(x, k)
    held = covered = 0
    for rows, block in zip(_rows(x), _distances(x, y)):
        inside = block < radius[rows, None]
        held += int(inside.sum())
        covered += int(inside.any(1).sum())
    return DensityCoverage(held / (k * len(y)), covered / len(x))


def _pair(real: Floats, fake: Floats, k: int) -> tuple[Tensor, Tensor]:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ShapeError(f"features must be [n, d] and [m, d], got {list(real.shape)} and {list(fake.shape)}.")
    if not 0 < k < min(len(real), len(fake)):
        raise ConfigError(f"neighbour {k} needs more than {k} images in each set, got {len(real)} and {len(fake)}.")
    return torch.from_numpy(real.astype(np.float64)), torch.from_numpy(fake.astype(np.float64))


def _radii(x: Tensor, k: int) -> Tensor:
    """Distance of each row to its k-th neighbour; the row itself is the zeroth.  [n]"""
    return torch.cat([block.kthvalue(k + 1).values for block in _distances(x, x)])


def _distances(x: Tensor, y: Tensor) -> Iterator[Tensor]:
    """Euclidean distances of the rows of x to all of y, some rows at a time.  [_ROWS, m]"""
    for rows in _rows(x):
        yield torch.cdist(x[rows], y)


def _rows(x: Tensor) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, len(x), _ROWS)]
