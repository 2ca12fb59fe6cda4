"""Total variance of the generated features over that of the real ones: 1 where both are as varied."""

from __future__ import annotations

import numpy as np

from saddlepoint.metrics.formulas.diversity import variance_error, variance_ratio
from saddlepoint.metrics.scores.base import FeatureMetric, FeatureSets, plain


def _error(sets: FeatureSets, value: float) -> float:
    real, fake = sets.moments
    return value * float(np.hypot(variance_error(real, sets.real), variance_error(fake, sets.fake)))


METRIC = FeatureMetric(
    lambda sets: plain(variance_ratio(*sets.moments)),
    "one",
    error=_error,
)
