"""MMD with a Gaussian kernel whose width is the median distance of real images. Gretton et al. 2012."""

from __future__ import annotations

from saddlepoint.metrics.formulas.kernel import Rbf, median_bandwidth, mmd
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: mmd(sets.real, sets.fake, Rbf((median_bandwidth(sets.real),))),
    "less",
)
