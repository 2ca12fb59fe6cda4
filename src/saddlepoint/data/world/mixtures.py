"""Mixtures of Gaussians whose modes are known: a line, rings and grids. Scales of the toy sets of WGAN-GP,
Gulrajani et al. 2017, arXiv:1704.00028 (its published script).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

_RING_SCALE = 1.414
_GRID_SCALE = 2.828


@dataclass(frozen=True, eq=False)
class Mixture:
    """Equally likely Gaussians of one round width.

    centres: [K, D] float64. sd: standard deviation of each Gaussian along each axis.
    """

    centres: np.ndarray
    sd: float

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


def mixture(name: str) -> Mixture | None:
    """The mixture called "line", "ringK" or "gridK" (K a square); None when the name is of another kind.

    line: four modes at -0.75, -0.25, 0.25, 0.75, sd 0.05. ringK: K modes on a circle of radius 2, sd 0.02, all divided
    by 1.414. gridK: square of modes 2 apart around 0, sd 0.05, all divided by 2.828.
    Raises ConfigError for a ring of fewer than 2 or a grid that is no square.
    """
    if name == "line":
        return Mixture(np.array([[-0.75], [-0.25], [0.25], [0.75]]), 0.05)
    form = re.fullmatch(r"(ring|grid)(\d{1,4})", name)
    if form is None:
        return None
    count = int(form[2])
    if form[1] == "ring":
        if count < 2:
            raise ConfigError(f"world:{name} must have at least 2 modes, as world:ring8 has.")
        angles = 2 * math.pi * np.arange(count) / count
        return Mixture(2 * np.stack([np.cos(angles), np.sin(angles)], 1) / _RING_SCALE, 0.02 / _RING_SCALE)
    side = math.isqrt(count)
    if side < 2 or side * side != count:
        raise ConfigError(f"world:{name} must have a square number of modes from 4 on, as world:grid25 has.")
    axis = 2.0 * np.arange(side) - (side - 1)
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    return Mixture(centres / _GRID_SCALE, 0.05 / _GRID_SCALE)
