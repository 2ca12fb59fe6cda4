"""Number of classes that the generated images reach, as an extractor names them."""

from __future__ import annotations

from saddlepoint.metrics.scores.base import FeatureMetric, plain

METRIC = FeatureMetric(
    lambda sets: plain(sets.classes.modes),
    "more",
    error=lambda sets, value: sets.over_resamples(lambda classes: classes.modes),
    names_classes=True,
)
