"""Where two sets of features lie on each other: precision, recall, density and coverage.

Each set is taken as the union of balls around its points that reach their k-th neighbour. Kynkäänniemi et al. 2019,
arXiv:1904.06991, eq. 1-2 (precision and recall); Naeem et al. 2020, arXiv:2002.09797, eq. 3-4 (density and coverage).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas.statistics import Floats

_ROWS = 1024  # rows and columns of the distance matrix held at once


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
    density_error: float = 0.0
    """standard error of the density over the generated images"""


def precision_recall(real: Floats, fake: Floats, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall with balls to the k-th neighbour, closed (distance <= radius).

    real: [n, d], fake: [m, d]. Compare only figures of the same n, m, k and extractor. Raises ShapeError, ConfigError.
    """
    _check(real, fake, k)
    return PrecisionRecall(_inside(fake, real, _radii(real, k)), _inside(real, fake, _radii(fake, k)))


def density_coverage(real: Floats, fake: Floats, k: int = 5) -> DensityCoverage:
    """Density and coverage with open balls (distance < radius) around the real images.

    real: [n, d], fake: [m, d]. Raises ShapeError, ConfigError.
    """
    _check(real, fake, k)
    radius = _radii(real, k)
    memberships, covered = torch.zeros(len(fake), dtype=torch.float64), torch.zeros(len(real), dtype=torch.bool)
    for rows, columns, block in _distances(real, fake):
        inside = block < radius[rows, None]
        memberships[columns] += inside.sum(0)
        covered[rows] |= inside.any(1)
    error = float(memberships.std() / (k * len(fake) ** 0.5))
    return DensityCoverage(float(memberships.sum()) / (k * len(fake)), float(covered.double().mean()), error)


def covered(real: Floats, fake: Floats, k: int = 5) -> NDArray[np.bool_]:
    """Which real images have a generated one in their open ball: the rows that `coverage` is the share of.  [n]

    Raises ShapeError, ConfigError.
    """
    _check(real, fake, k)
    radius, inside = _radii(real, k), torch.zeros(len(real), dtype=torch.bool)
    for rows, _, block in _distances(real, fake):
        inside[rows] |= (block < radius[rows, None]).any(1)
    return np.asarray(inside.numpy())


def _check(real: Floats, fake: Floats, k: int) -> None:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ShapeError(f"features must be [n, d] and [m, d], got {list(real.shape)} and {list(fake.shape)}.")
    if not 0 < k < min(len(real), len(fake)):
        raise ConfigError(f"neighbour {k} needs more than {k} images in each set, got {len(real)} and {len(fake)}.")


def _radii(x: Floats, k: int) -> Tensor:
    """Distance of each row to its k-th neighbour; the row itself is the zeroth.  [n]"""
    nearest = torch.full((len(x), k + 1), torch.inf, dtype=torch.float64)
    for rows, _, block in _distances(x, x):
        both = torch.cat([nearest[rows], block], 1)
        nearest[rows] = both.topk(k + 1, largest=False).values
    return nearest[:, k]


def _inside(x: Floats, y: Floats, radius: Tensor) -> float:
    """Share of the rows of x that lie in a closed ball around a row of y."""
    inside = torch.zeros(len(x), dtype=torch.bool)
    for rows, columns, block in _distances(x, y):
        inside[rows] |= (block <= radius[columns]).any(1)
    return float(inside.double().mean())


def _distances(x: Floats, y: Floats) -> Iterator[tuple[slice, slice, Tensor]]:
    """Euclidean distances in float64, block by block, with the rows of x and of y that each is of."""
    for rows in _slices(x):
        ours = torch.from_numpy(x[rows].astype(np.float64))
        for columns in _slices(y):
            yield rows, columns, torch.cdist(ours, torch.from_numpy(y[columns].astype(np.float64)))


def _slices(x: Floats) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, len(x), _ROWS)]
