"""Figures of runs that differ in their seed alone, as mean, standard deviation and count, and a test of differences."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

NOTE = (
    "sd: standard deviation over seeds. p: Welch's t-test against the first row, not corrected for several comparisons."
)


def over_seeds(figures: Mapping[str, Sequence[Mapping[str, float]]]) -> list[dict[str, Any]]:
    """A row for each setting: "name", "n", and of each figure its mean, "FIGURE sd" and "FIGURE p".

    figures: by what is set, those of each seed. sd is None of one seed; p, two-sided, is there from two settings on,
    and None for the first of them and where one of both has one seed.
    """
    rows = []
    first = next(iter(figures.values()), ())
    for name, seeds in figures.items():
        row: dict[str, Any] = {"name": name, "n": len(seeds)}
        for figure in dict.fromkeys(key for each in seeds for key in each):
            values = [each[figure] for each in seeds if figure in each]
            row[figure] = statistics.fmean(values)
            row[f"{figure} sd"] = statistics.stdev(values) if len(values) > 1 else None
            if len(figures) > 1:
                against = [each[figure] for each in first if figure in each]
                row[f"{figure} p"] = None if seeds is first else _welch(values, against)
        rows.append(row)
    return rows


def _welch(one: Sequence[float], other: Sequence[float]) -> float | None:
    """How likely two means differ as much by chance; None where a spread is not known."""
    if min(len(one), len(other)) < 2:
        return None
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of equal values, whose p is 0 or not a number
        p = float(stats.ttest_ind(one, other, equal_var=False).pvalue)
    return p if p == p else None
