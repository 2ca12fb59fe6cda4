"""Peak signal-to-noise ratio of each pair, in dB."""

from __future__ import annotations

from saddlepoint.metrics.formulas.pairwise import psnr
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (psnr, None), "more")
