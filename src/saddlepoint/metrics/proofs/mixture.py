"""The ring protocol: points within 3 standard deviations of a centre, of 10,000."""

from __future__ import annotations

from functools import partial

from saddlepoint.kinds.points import Points
from saddlepoint.metrics.proofs.base import Measure
from saddlepoint.metrics.proofs.modes import FIGURES, compare_modes

MEASURE = Measure(partial(compare_modes, n=10_000, radius=3.0), FIGURES, fields={"image": Points})
