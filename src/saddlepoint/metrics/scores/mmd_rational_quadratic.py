"""MMD with a sum of rational quadratic kernels. Binkowski et al. 2018, arXiv:1801.01401."""

from __future__ import annotations

from saddlepoint.metrics.formulas.kernel import RationalQuadratic, mmd
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: mmd(sets.real, sets.fake, RationalQuadratic()),
    "less",
)
