"""Four modes on a line, at -0.75, -0.25, 0.25 and 0.75, of standard deviation 0.05."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.mixtures import Mixture

WORLD = Mixture(np.array([[-0.75], [-0.25], [0.25], [0.75]]), 0.05)
