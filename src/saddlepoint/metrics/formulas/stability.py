"""How far the shares of a figure have moved: the population stability index, and whether that is more than chance.

The limits of 0.1 and 0.25 that are often told hold for many thousands of rows. Without any drift the index of n rows
against m is about (1/n + 1/m) times a chi-square of one degree less than there are bins (Yurdakul 2018, "Statistical
properties of population stability index"), which is 0.09 for a hundred rows in ten bins: a limit of 0.1 would then call
every other window drifted.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from saddlepoint.metrics.formulas.statistics import Doubles

BINS = 10
"""of about equal shares of the reference"""


def edges(reference: Doubles) -> Doubles:
    """The inner edges of the bins of a figure, by its quantiles in the reference [m]; equal ones are one."""
    return np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))


def counts(values: Doubles, inner: Doubles) -> Doubles:
    """How many values [n] fall into each bin. Returns [len(inner) + 1]."""
    return np.bincount(np.searchsorted(inner, values, side="right"), minlength=len(inner) + 1).astype(np.float64)


def stability(reference: Doubles, window: Doubles) -> float:
    """The index of two rows of counts; half a row is added to each bin, so that an empty one is no infinity."""
    first, second = ((row + 0.5) / (row + 0.5).sum() for row in (reference, window))
    return float(((second - first) * np.log(second / first)).sum())


def chance(index: float, reference: Doubles, window: Doubles) -> float:
    """The probability of an index as high as this where nothing has moved."""
    if len(reference) < 2:
        return 1.0
    scale = 1 / reference.sum() + 1 / window.sum()
    return float(stats.chi2.sf(index / scale, len(reference) - 1))
