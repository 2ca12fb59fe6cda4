"""A single point, 0, again and again: the data of the Dirac GAN, Mescheder et al. 2018, arXiv:1801.04406, section 2."""

from __future__ import annotations

from typing import final

import numpy as np

from saddlepoint.data.world.points import PointWorld


@final
class Dirac(PointWorld):
    """Points of one number, all of them 0."""

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, None]:
        """Zeros, float32 [n, 1]."""
        return np.zeros((n, 1), np.float32), None


WORLD = Dirac()
