"""The kernel distance as the mean over 100 subsets of 1,000 images, as published programs print it."""

from __future__ import annotations

from saddlepoint.metrics.formulas.kernel import kid
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: kid(sets.real, sets.fake, subsets="torch-fidelity"),
    "less",
)
