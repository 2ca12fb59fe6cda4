"""The inception score (IS) of the generated images alone. Salimans et al. 2016, arXiv:1606.03498."""

from __future__ import annotations

from saddlepoint.metrics.formulas.inception_score import inception_score
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: inception_score(sets.naming.probabilities(sets.fake)),
    "more",
    names_classes=True,
)
