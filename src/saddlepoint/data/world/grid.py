"""gridK: a square of K modes, 2 apart around 0, of standard deviation 0.05, all divided by 2.828. Scales of the toy
sets of WGAN-GP, Gulrajani et al. 2017, arXiv:1704.00028 (its published script).
"""

from __future__ import annotations

import math

import numpy as np

from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.errors import ConfigError

USUAL = 25
_SCALE = 2.828


def world(count: int) -> Mixture:
    """A grid of `count` modes. Raises ConfigError for a number that is no square from 4 on."""
    side = math.isqrt(count)
    if side < 2 or side * side != count:
        raise ConfigError(f"world:grid{count} must have a square number of modes from 4 on, as world:grid25 has.")
    axis = 2.0 * np.arange(side) - (side - 1)
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    return Mixture(centres / _SCALE, 0.05 / _SCALE)
