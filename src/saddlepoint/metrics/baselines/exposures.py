"""Exposures of a still scene merged to its light: each is made linear, and counts where it is neither dark nor cut off.

Debevec & Malik 1997, doi:10.1145/258734.258884, eq. 6, in light instead of its logarithm, and with a known curve.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def merged(shots: np.ndarray, times: Sequence[float], curve: float) -> np.ndarray:
    """Exposures [N, 3 S, H, W] in [0, 1], short to long, with a power of 1 / curve -> light [N, 3, H, W]."""
    each = shots.reshape(len(shots), len(times), -1, *shots.shape[2:])
    light = each**curve / np.array(times)[:, None, None, None]
    weight = np.minimum(each, 1 - each)
    weight[:, 0] = np.where(each[:, 0] > 0.5, 0.5, weight[:, 0])  # the shortest is all there is of what is brightest
    weight = weight * np.array(times)[:, None, None, None] + 1e-6
    return np.asarray((weight * light).sum(1) / weight.sum(1))
