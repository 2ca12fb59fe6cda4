"""How well one number tells two sets apart, whatever its unit: the area under the ROC curve. Hanley and McNeil 1982."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles


def order(upper: Doubles, lower: Doubles) -> tuple[float, float]:
    """The share of pairs in which a number of `upper` [n] is larger than one of `lower` [m], and its standard error.

    Equal ones count half. 0.5 where nothing tells them apart. Raises ShapeError for a set without a number.
    """
    if not len(upper) or not len(lower):
        raise ShapeError("an order needs a number of either set.")
    n, m = len(upper), len(lower)
    ranks = rankdata(np.concatenate((upper, lower)))
    area = float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
    twice_upper, twice_lower = area / (2 - area), 2 * area**2 / (1 + area)  # equations 2 and 3
    variance = area * (1 - area) + (n - 1) * (twice_upper - area**2) + (m - 1) * (twice_lower - area**2)
    return area, float(np.sqrt(max(variance, 0.0) / (n * m)))
