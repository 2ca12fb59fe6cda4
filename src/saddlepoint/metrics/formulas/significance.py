"""Whether two groups differ in their mean: once at a number that was fixed before, or at every look from the first on.

Looking again and again at a test for a fixed number finds a difference sooner or later where there is none. The
sequential test is the mixture sequential probability ratio test (Robbins 1970; Johari et al. 2017, "Peeking at A/B
tests", eq. 6): a normal mixture of differences with deviation `effect` against none. Its p-value stays right under any
number of looks, and it needs more units than a test at one fixed number. Both take means to be normal, as they are from
some thirty units a group on.

d: difference of the means. V: its variance. tau: `effect`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

LEAST = 30
"""units of a group below which its mean is not taken to be normal"""


@dataclass(frozen=True)
class Group:
    """The outcomes of one group: how many, their mean, and their variance (by n - 1)."""

    count: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Contrast:
    """How much the second group is above the first, with its interval at 1 - level, and the p-value of no difference.

    low, high: None where there is too little to say.
    """

    difference: float
    low: float | None
    high: float | None
    p: float


def fixed(first: Group, second: Group, level: float = 0.05) -> Contrast:
    """Welch's test, valid at one look that was fixed before."""
    difference, variance = second.mean - first.mean, _variance(first, second)
    if min(first.count, second.count) < LEAST or variance == 0:
        return Contrast(difference, None, None, 1.0)
    test = stats.ttest_ind_from_stats(
        second.mean, math.sqrt(second.variance), second.count,
        first.mean, math.sqrt(first.variance), first.count, equal_var=False,
    )  # fmt: skip
    parts = [(group.variance / group.count, group.count - 1) for group in (first, second)]
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    reach = float(stats.t.ppf(1 - level / 2, freedom)) * math.sqrt(variance)
    return Contrast(difference, difference - reach, difference + reach, float(test.pvalue))


def sequential(first: Group, second: Group, effect: float, level: float = 0.05) -> Contrast:
    """The mixture sequential test, valid at every look. effect: a difference that would matter, more than 0."""
    difference, variance = second.mean - first.mean, _variance(first, second)
    if min(first.count, second.count) < LEAST or variance == 0:
        return Contrast(difference, None, None, 1.0)
    mixed = variance + effect**2
    gain = 0.5 * math.log(variance / mixed) + effect**2 * difference**2 / (2 * variance * mixed)
    reach = math.sqrt(2 * variance * mixed / effect**2 * (-math.log(level) + 0.5 * math.log(mixed / variance)))
    return Contrast(difference, difference - reach, difference + reach, min(1.0, math.exp(-gain)))


def misdivided(counts: list[int], shares: list[float]) -> float:
    """The p-value of groups of these sizes where units fall to them by these shares (chi-square of the ratio)."""
    total, whole = sum(counts), sum(shares)
    if not total:
        return 1.0
    return float(stats.chisquare(counts, [total * share / whole for share in shares]).pvalue)


def _variance(first: Group, second: Group) -> float:
    return sum(group.variance / group.count for group in (first, second) if group.count)
