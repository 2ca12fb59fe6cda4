"""MMD with the energy kernel: half the energy distance. Sejdinovic et al. 2013, arXiv:1207.6076."""

from __future__ import annotations

from saddlepoint.metrics.formulas.kernel import Energy, mmd
from saddlepoint.metrics.scores.base import FeatureMetric

METRIC = FeatureMetric(
    lambda sets: mmd(sets.real, sets.fake, Energy()),
    "less",
)
