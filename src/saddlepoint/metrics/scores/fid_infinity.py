"""The Frechet distance extrapolated to infinitely many images. Chong & Forsyth 2020, arXiv:1911.07023."""

from __future__ import annotations

from saddlepoint.metrics.formulas.extrapolation import frechet_infinity
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: frechet_infinity(
        sets.moments[0], sets.fake, real_error=sets.frechet_errors[0] if sets.errors else 0.0
    ),
    "less",
)
