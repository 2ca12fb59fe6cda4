"""Structural similarity of each pair, at most 1. Wang et al. 2004, doi:10.1109/TIP.2003.819861."""

from __future__ import annotations

from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (ssim, None), "more")
