"""KL divergence of the generated class shares from the real ones, as an extractor names them."""

from __future__ import annotations

from saddlepoint.metrics.scores.base import FeatureMetric, plain

METRIC = FeatureMetric(
    lambda sets: plain(sets.classes.divergence),
    "less",
    error=lambda sets, value: sets.over_resamples(lambda classes: classes.divergence),
    names_classes=True,
)
