"""Kernel two-sample distances: MMD with a choice of kernels, and KID, which is MMD² with a cubic kernel.

Gretton et al. 2012, JMLR 13, eq. 3 (unbiased MMD²); Bińkowski et al. 2018, arXiv:1801.01401, section 4 (KID).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from scipy.spatial.distance import cdist

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.statistics import Doubles, Floats

_ROWS = 1024  # rows of the kernel matrix held at once


class Kernel(ABC):
    """A positive definite function of two features."""

    @abstractmethod
    def __call__(self, x: Doubles, y: Doubles) -> Doubles:
        """k(x_i, y_j) for x [n, d] and y [m, d].  [n, m]"""


@final
@dataclass(frozen=True)
class Polynomial(Kernel):
    """(x·y / d + offset) ^ degree; the defaults are KID's."""

    degree: int = 3
    offset: float = 1.0

    def __call__(self, x: Doubles, y: Doubles) -> Doubles:
        """[n, m]"""
        base: Doubles = (x @ y.T) / x.shape[1] + self.offset
        value = base
        for _ in range(self.degree - 1):  # several times faster than a power
            value = value * base
        return value


@final
@dataclass(frozen=True)
class Rbf(Kernel):
    """exp(-|x - y|² / (2 bandwidth²)), summed over bandwidths."""

    bandwidths: tuple[float, ...]

    def __call__(self, x: Doubles, y: Doubles) -> Doubles:
        """[n, m]"""
        square = cdist(x, y, "sqeuclidean")
        return np.asarray(sum(np.exp(-square / (2 * width**2)) for width in self.bandwidths))


@final
@dataclass(frozen=True)
class RationalQuadratic(Kernel):
    """(1 + |x - y|² / (2 alpha)) ^ -alpha, summed over alpha: Bińkowski et al. 2018, eq. 5."""

    alphas: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)

    def __call__(self, x: Doubles, y: Doubles) -> Doubles:
        """[n, m]"""
        square = cdist(x, y, "sqeuclidean")
        return np.asarray(sum((1 + square / (2 * alpha)) ** -alpha for alpha in self.alphas))


@final
@dataclass(frozen=True)
class Energy(Kernel):
    """(|x| + |y| - |x - y|) / 2, whose MMD² is half the energy distance: Sejdinovic et al. 2013, arXiv:1207.6076."""

    def __call__(self, x: Doubles, y: Doubles) -> Doubles:
        """[n, m]"""
        distance = cdist(x, y)
        return np.asarray((np.linalg.norm(x, axis=1)[:, None] + np.linalg.norm(y, axis=1)[None] - distance) / 2)


def mmd(real: Floats, fake: Floats, kernel: Kernel) -> Estimate:
    """Unbiased MMD² over all rows; it may come out slightly below 0 when the sets are alike.

    real: [n, d], fake: [m, d], three rows or more each. The spread is the jackknife's over rows of both sets.
    Time grows with (n + m)² d, memory does not grow beyond the features. Raises ShapeError.
    """
    _check(real, fake, 3)
    n, m = len(real), len(fake)
    in_x = _sums(kernel, real, real)[0] - _diagonal(kernel, real)
    in_y = _sums(kernel, fake, fake)[0] - _diagonal(kernel, fake)
    across_x, across_y = _sums(kernel, real, fake)
    own_x, own_y, across = in_x.sum(), in_y.sum(), across_x.sum()
    mean_x, mean_y = own_x / (n * (n - 1)), own_y / (m * (m - 1))
    value = mean_x + mean_y - 2 * across / (n * m)
    without_x = (own_x - 2 * in_x) / ((n - 1) * (n - 2)) + mean_y - 2 * (across - across_x) / ((n - 1) * m)
    without_y = (own_y - 2 * in_y) / ((m - 1) * (m - 2)) + mean_x - 2 * (across - across_y) / ((m - 1) * n)
    variance = (n - 1) * without_x.var() + (m - 1) * without_y.var()
    return Estimate(float(value), float(np.sqrt(variance)), "jackknife", float(np.sqrt(variance)))


def kid(
    real: Floats,
    fake: Floats,
    *,
    subsets: Literal["whole", "torch-fidelity"] = "whole",
    count: int = 100,
    size: int = 1000,
    seed: int = 2020,
) -> Estimate:
    """Kernel Inception Distance: unbiased MMD² with the kernel (x·y / d + 1)³.

    real: [n, d], fake: [m, d] features. "whole" uses every pair of rows and has the least variance. "torch-fidelity"
    gives the mean and deviation over `count` subsets of `size` rows of each set, drawn with that library's generator
    and `seed`, so its figures can be reproduced. Raises ShapeError, ConfigError when a set has fewer than `size` rows.
    """
    if subsets == "whole":
        return mmd(real, fake, Polynomial())
    _check(real, fake, 2)
    if size > min(len(real), len(fake)):
        raise ConfigError(f"subsets of {size} rows from sets of {len(real)} and {len(fake)}; make `size` smaller.")
    draw = np.random.RandomState(seed)
    values = []
    for _ in range(count):
        y = fake[draw.choice(len(fake), size, replace=False)].astype(np.float64)
        x = real[draw.choice(len(real), size, replace=False)].astype(np.float64)
        values.append(_unbiased(Polynomial(), x, y))
    return Estimate(float(np.mean(values)), float(np.std(values)), f"{count} subsets of {size}")


def median_bandwidth(real: Floats, *, most: int = 1000) -> float:
    """The median distance between the first `most` rows [n, d]: the usual bandwidth of an RBF kernel."""
    rows = real[:most].astype(np.float64)
    return float(np.median(cdist(rows, rows)[np.triu_indices(len(rows), 1)]))


def _unbiased(kernel: Kernel, x: Doubles, y: Doubles) -> float:
    n, own_x, own_y = len(x), kernel(x, x), kernel(y, y)
    within = own_x.sum() - np.trace(own_x) + own_y.sum() - np.trace(own_y)
    return float(within / (n * (n - 1)) - 2 * kernel(x, y).mean())


def _sums(kernel: Kernel, x: Floats, y: Floats) -> tuple[Doubles, Doubles]:
    """Sums of k(x_i, y_j) over j and over i, in float64, a block of the matrix at a time.  [n], [m]"""
    over_y, over_x = np.zeros(len(x)), np.zeros(len(y))
    for i in range(0, len(x), _ROWS):
        rows = x[i : i + _ROWS].astype(np.float64)
        for j in range(0, len(y), _ROWS):
            block = kernel(rows, y[j : j + _ROWS].astype(np.float64))
            over_y[i : i + _ROWS] += block.sum(1)
            over_x[j : j + _ROWS] += block.sum(0)
    return over_y, over_x


def _diagonal(kernel: Kernel, x: Floats) -> Doubles:
    return np.array([kernel(row, row)[0, 0] for row in (x[i : i + 1].astype(np.float64) for i in range(len(x)))])


def _check(real: Floats, fake: Floats, least: int) -> None:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1] or min(len(real), len(fake)) < least:
        raise ShapeError(
            f"features must be [n, d] and [m, d], {least} rows or more, got {list(real.shape)} and {list(fake.shape)}."
        )
