"""The Swiss roll seen from its end: a spiral in the plane. Noise 0.25, divided by 7.5, as in the toy sets of WGAN-GP,
Gulrajani et al. 2017, arXiv:1704.00028 (its published script).
"""

from __future__ import annotations

import math
from typing import final

import numpy as np

from saddlepoint.data.world.points import PointWorld
from saddlepoint.keyed import numpy_generator


@final
class SwissRoll(PointWorld):
    """Points around the spiral; angles are uniform from 1.5 pi to 4.5 pi."""

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, None]:
        """`n` points, float32 [n, 2]; a function of (n, seed) alone."""
        draw = numpy_generator(seed, "swissroll")
        angle = 1.5 * math.pi * (1 + 2 * draw.random(n))
        spiral = angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        return np.asarray((spiral + 0.25 * draw.standard_normal((n, 2))) / 7.5, dtype=np.float32), None


WORLD = SwissRoll()
