"""Mixtures of Gaussians whose modes are known: lines, rings and grids of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from saddlepoint.data.world.points import PointWorld
from saddlepoint.keyed import numpy_generator


@final
@dataclass(frozen=True, eq=False)
class Mixture(PointWorld):
    """Equally likely Gaussians of one round width.

    centres: [K, D] float64. sd: standard deviation of each Gaussian along each axis.
    """

    centres: np.ndarray
    sd: float

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The modes by number."""
        return tuple(f"mode {number}" for number in range(len(self.centres)))

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """`n` points, float32 [n, D], and the mode of each, int64 [n]; a function of (n, seed) alone."""
        draw = numpy_generator(seed, "mixture", *self.centres.shape)
        mode = draw.integers(len(self.centres), size=n)
        points = self.centres[mode] + self.sd * draw.standard_normal((n, self.centres.shape[1]))
        return points.astype(np.float32), mode.astype(np.int64)

    def density(self, points: np.ndarray) -> np.ndarray:
        """The probability density at each of `points` [n, D]. float64 [n]"""
        count, axes = self.centres.shape
        squares = ((points[:, None].astype(np.float64) - self.centres) ** 2).sum(-1)  # [n, K]
        each = np.exp(-squares / (2 * self.sd**2))
        return np.asarray(each.sum(1) / (count * (2 * math.pi * self.sd**2) ** (axes / 2)))
