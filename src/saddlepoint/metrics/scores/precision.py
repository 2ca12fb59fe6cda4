"""Share of generated images near a real one. Kynkaanniemi et al. 2019, arXiv:1904.06991."""

from __future__ import annotations

from saddlepoint.metrics.scores.base import FeatureMetric, binomial_error, plain

METRIC = FeatureMetric(
    lambda sets: plain(sets.closed.precision),
    "more",
    error=lambda sets, value: binomial_error(value, len(sets.fake)),
)
