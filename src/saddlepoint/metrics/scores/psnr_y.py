"""Peak signal-to-noise ratio of each pair on brightness alone, 4 pixels from the border, in dB: as x4 is scored."""

from __future__ import annotations

from saddlepoint.metrics.formulas.luma import psnr_y
from saddlepoint.metrics.scores.base import PairMetric

METRIC = PairMetric(lambda weights: (psnr_y, None), "more")
