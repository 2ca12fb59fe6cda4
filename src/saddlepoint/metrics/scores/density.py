"""How many real neighbourhoods hold each generated image. Naeem et al. 2020, arXiv:2002.09797."""

from __future__ import annotations

from saddlepoint.metrics.scores.base import FeatureMetric, plain

METRIC = FeatureMetric(
    lambda sets: plain(sets.open.density),
    "more",
    error=lambda sets, value: sets.open.density_error,
)
