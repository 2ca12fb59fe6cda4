"""Structural similarity of each pair on brightness alone, 4 pixels from the border: as x4 is scored."""

from __future__ import annotations

from saddlepoint.metrics.formulas.luma import ssim_y
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (ssim_y, None), "more")
