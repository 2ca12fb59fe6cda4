"""Tests of two groups: against scipy, at their stated level where there is no effect, and with power where there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from saddlepoint.metrics.formulas.significance import Group, fixed, misdivided, sequential

TRIALS, UNITS, EVERY = 2000, 400, 40
BAND = 3.3 * np.sqrt(0.05 * 0.95 / TRIALS)
"""beyond which a share of 5 % of the trials comes out in one of a thousand runs"""


def group(values: np.ndarray) -> Group:
    return Group(len(values), float(values.mean()), float(values.var(ddof=1)))


def test_the_fixed_test_is_welchs():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 60), rng.normal(0.4, 2, 90)
    own, known = fixed(group(first), group(second)), stats.ttest_ind(second, first, equal_var=False)
    assert own.p == pytest.approx(known.pvalue)
    band = known.confidence_interval(0.95)
    assert (own.low, own.high) == pytest.approx((band.low, band.high))


def trials(effect: float, times: int = TRIALS) -> tuple[float, float, float]:
    """Shares of trials called significant: at the end, at any look by the fixed test, at any by the sequential one."""
    rng = np.random.default_rng(1)
    first = rng.random((times, UNITS)) < 0.3
    second = rng.random((times, UNITS)) < 0.3 + effect
    once, peeked, always = np.zeros(times, bool), np.zeros(times, bool), np.zeros(times, bool)
    for count in range(40, UNITS + 1, EVERY):
        means = [side[:, :count].mean(1) for side in (first, second)]
        for row, (a, b) in enumerate(zip(*means)):
            pair = [Group(count, float(mean), float(mean * (1 - mean) * count / (count - 1))) for mean in (a, b)]
            if pair[0].variance + pair[1].variance == 0:
                continue
            score = abs(b - a) / np.sqrt((pair[0].variance + pair[1].variance) / count)
            peeked[row] |= score > 1.965
            always[row] |= sequential(*pair, effect=0.1).p < 0.05
            if count == UNITS:
                once[row] = fixed(*pair).p < 0.05
    return float(once.mean()), float(peeked.mean()), float(always.mean())


def test_of_2000_comparisons_without_effect_five_in_a_hundred_are_significant_and_looking_often_needs_its_own_test():
    once, peeked, always = trials(0.0)
    assert abs(once - 0.05) < BAND
    assert peeked > 0.15  # what happens to who looks ten times at a test for one look
    assert always < 0.05


def test_an_effect_is_found_by_both():
    once, _, always = trials(0.15, 200)
    assert once > 0.95
    assert always > 0.9


def test_the_interval_of_the_sequential_test_holds_the_difference_where_its_p_value_does():
    pair = Group(500, 0.3, 0.21), Group(500, 0.39, 0.2379)
    one = sequential(*pair, effect=0.1)
    assert one.low is not None
    assert (one.p < 0.05) == (one.low > 0)
    edge = sequential(*pair, effect=0.1, level=one.p)
    assert edge.low == pytest.approx(0, abs=1e-9)


def test_too_few_units_and_outcomes_that_do_not_vary_say_nothing():
    assert fixed(Group(29, 0, 1), Group(900, 5, 1)).p == 1
    assert sequential(Group(90, 0, 0), Group(90, 0, 0), effect=1).low is None


def test_a_division_that_is_not_that_of_the_shares_is_seen():
    assert misdivided([500, 520], [1, 1]) > 0.1
    assert misdivided([500, 620], [50, 50]) < 0.001
    assert misdivided([0, 0], [1, 1]) == 1
