"""Mean absolute error of each pair, in levels of 0 to 255."""

from __future__ import annotations

from saddlepoint.metrics.formulas.pairwise import mean_absolute_error
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (mean_absolute_error, None), "less")
