"""Share of real images whose neighbourhood holds a generated one. Naeem et al. 2020, arXiv:2002.09797."""

from __future__ import annotations

from saddlepoint.metrics.scores.base import FeatureMetric, binomial_error, plain

METRIC = FeatureMetric(
    lambda sets: plain(sets.open.coverage),
    "more",
    error=lambda sets, value: binomial_error(value, len(sets.real)),
)
