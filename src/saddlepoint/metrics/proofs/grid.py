"""The grid protocol: points within 4 standard deviations of a centre, of 5,000."""

from __future__ import annotations

from functools import partial

from saddlepoint.kinds.points import Points
from saddlepoint.metrics.proofs.base import Measure
from saddlepoint.metrics.proofs.modes import FIGURES, compare_modes

MEASURE = Measure(partial(compare_modes, n=5_000, radius=4.0), FIGURES, fields={"image": Points})
