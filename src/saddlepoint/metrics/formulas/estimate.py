"""A figure with its spread, as the metrics that can give one return it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A value and how far it is known."""

    value: float
    spread: float | None
    """one standard deviation; None where there is a single value"""
    over: str
    """what the spread is over: `10 splits`, `jackknife`"""
    error: float | None = None
    """standard error of the value for images drawn anew, all else alike; None where it was not estimated"""


def mean_of(values: Sequence[float], over: str) -> Estimate:
    """The mean of one figure over seeds or splits, with the unbiased standard deviation of the single figures."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Estimate(float(np.mean(values)), spread, over)
