"""The kernel distance (KID), unbiased, over all rows. Binkowski et al. 2018, arXiv:1801.01401."""

from __future__ import annotations

from saddlepoint.metrics.formulas.kernel import kid
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: kid(sets.real, sets.fake),
    "less",
)
