"""The Swiss roll seen from its end: a spiral in the plane. Noise 0.25, divided by 7.5, as in the toy sets of WGAN-GP,
Gulrajani et al. 2017, arXiv:1704.00028 (its published script).
"""

from __future__ import annotations

import math

import numpy as np

from saddlepoint.keyed import numpy_generator


def swissroll(n: int, seed: int) -> np.ndarray:
    """`n` points, float32 [n, 2]; a function of (n, seed) alone. Angles are uniform from 1.5 pi to 4.5 pi."""
    draw = numpy_generator(seed, "swissroll")
    angle = 1.5 * math.pi * (1 + 2 * draw.random(n))
    spiral = angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.asarray((spiral + 0.25 * draw.standard_normal((n, 2))) / 7.5, dtype=np.float32)
