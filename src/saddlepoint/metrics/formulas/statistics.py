"""Mean and covariance of features, whole or gathered from a stream; and the `.npz` files that hold them.

Streams are merged by the pairwise update of Chan, Golub and LeVeque 1979, so memory does not grow with the images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.sources.numpy_files import read_arrays
from saddlepoint.errors import DataError, ShapeError
from saddlepoint.storage.plain import reason

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

_FOLD = 4096  # rows


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The two moments of a set of features, in float64."""

    mean: Doubles
    """[d]"""
    covariance: Doubles
    """[d, d], unbiased (divided by n - 1)"""
    n: int | None = None
    """how many rows it was made from; None where a file does not say"""
    root: Doubles | None = None
    """[n, d] with covariance = rootᵀ root, kept when n <= d, where it is smaller and more exact; None otherwise"""

    def __post_init__(self) -> None:
        if self.covariance.shape != (len(self.mean), len(self.mean)):
            raise ShapeError(f"a mean of {len(self.mean)} numbers, a covariance of {list(self.covariance.shape)}.")

    @property
    def full_rank_possible(self) -> bool:
        """False when there are too few rows for the covariance to have full rank: distances are then biased high."""
        return self.n is None or self.n > len(self.mean)


def gaussian(features: Floats) -> Gaussian:
    """Statistics of features [n, d]. Raises ShapeError below two rows, DataError for a figure that is not finite."""
    moments = Moments()
    step = max(_FOLD, features.shape[-1] + 1)  # few rows are doubled at a time; a set of n <= d rows stays whole
    for start in range(0, max(len(features), 1), step):
        moments.add(features[start : start + step])
    return moments.gaussian()


class Moments:
    """Gathers a Gaussian from features as they come; holds at most d + one batch of rows and one d x d matrix.

    `merge` adds what another process gathered; the result is that of one process but for the last digits of float64.
    """

    def __init__(self) -> None:
        self._rows: list[Floats] = []
        self._waiting = 0
        self._n = 0
        self._mean: Doubles = np.zeros(0)
        self._scatter: Doubles = np.zeros((0, 0))

    def add(self, features: Floats) -> None:
        """Takes rows [n, d] in; keeps a copy of nothing once more than d of them wait."""
        if features.ndim != 2 or (self._rows and features.shape[1] != self._rows[0].shape[1]):
            raise ShapeError(f"features must be [n, d] with one d throughout, got {list(features.shape)}.")
        if not np.isfinite(features).all():
            raise DataError("features hold a figure that is not finite; look at the images that made them.")
        self._rows.append(features)
        self._waiting += len(features)
        if self._waiting > features.shape[1]:
            self._fold(np.concatenate(self._rows).astype(np.float64))
            self._rows, self._waiting = [features[:0]], 0

    def merge(self, other: Moments) -> None:
        """Takes in all that `other` gathered, as when each process has seen a part of the images."""
        if other._n:
            self._combine(other._n, other._mean, other._scatter)
        for rows in other._rows:
            self.add(rows)

    def gaussian(self) -> Gaussian:
        """The statistics of all rows so far. Raises ShapeError below two rows."""
        if self._n + self._waiting < 2:
            raise ShapeError(f"a covariance needs at least two images, got {self._n + self._waiting}.")
        rows = np.concatenate(self._rows).astype(np.float64)
        if not self._n:
            mean = rows.mean(0)
            root = (rows - mean) / np.sqrt(len(rows) - 1)
            return Gaussian(mean, root.T @ root, len(rows), root)
        if len(rows):
            self._fold(rows)
            self._rows, self._waiting = [self._rows[0][:0]], 0
        return Gaussian(self._mean, self._scatter / (self._n - 1), self._n)

    def _fold(self, rows: Doubles) -> None:
        mean = rows.mean(0)
        centred = rows - mean
        self._combine(len(rows), mean, centred.T @ centred)

    def _combine(self, n: int, mean: Doubles, scatter: Doubles) -> None:
        if not self._n:
            self._n, self._mean, self._scatter = n, mean, scatter
            return
        total = self._n + n
        gap = mean - self._mean
        self._scatter = self._scatter + scatter + np.outer(gap, gap) * (self._n * n / total)
        self._mean = self._mean + gap * (n / total)
        self._n = total


def write_statistics(path: Path, statistics: Gaussian) -> None:
    """Writes `mu` and `sigma` as pytorch-fid users have them, with `n` beside them where it is known."""
    arrays = {"mu": statistics.mean, "sigma": statistics.covariance}
    if statistics.n is not None:
        arrays["n"] = np.asarray(statistics.n)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_statistics(path: Path) -> Gaussian:
    """Reads a file with `mu` and `sigma`; executes nothing. Raises DataError for a file without them."""
    try:
        arrays = read_arrays(path, ("mu", "sigma", "n"))
        n = int(arrays["n"]) if "n" in arrays else None
        return Gaussian(arrays["mu"].astype(np.float64), arrays["sigma"].astype(np.float64), n)
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        raise DataError(
            f"{path} is not a statistics file: it must be an .npz with `mu` and `sigma` ({reason(error)})."
        ) from None
