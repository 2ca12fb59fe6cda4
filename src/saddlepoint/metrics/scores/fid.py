"""The Frechet distance (FID) between Gaussians fitted to the features. Heusel et al. 2017, arXiv:1706.08500."""

from __future__ import annotations

import numpy as np

from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.scores.base import FeatureMetric, plain

METRIC = FeatureMetric(
    lambda sets: plain(frechet_distance(*sets.moments)),
    "less",
    error=lambda sets, value: float(np.hypot(*sets.frechet_errors)),
)
