"""ringK: K modes on a circle of radius 2, of standard deviation 0.02, all divided by 1.414. Scales of the toy sets of
WGAN-GP, Gulrajani et al. 2017, arXiv:1704.00028 (its published script).
"""

from __future__ import annotations

import math

import numpy as np

from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.errors import ConfigError

USUAL = 8
_SCALE = 1.414


def world(count: int) -> Mixture:
    """A ring of `count` modes. Raises ConfigError for fewer than 2."""
    if count < 2:
        raise ConfigError(f"world:ring{count} must have at least 2 modes, as world:ring8 has.")
    angles = 2 * math.pi * np.arange(count) / count
    return Mixture(2 * np.stack([np.cos(angles), np.sin(angles)], 1) / _SCALE, 0.02 / _SCALE)
