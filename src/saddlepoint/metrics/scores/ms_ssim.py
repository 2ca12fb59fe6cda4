"""Structural similarity over five scales of each pair. Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216."""

from __future__ import annotations

from saddlepoint.metrics.formulas.ssim import ms_ssim
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (ms_ssim, None), "more")
