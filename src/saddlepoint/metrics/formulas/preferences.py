"""Strengths from comparisons of two: Bradley and Terry 1952, with intervals that know who answered.

P(i is chosen over j) = 1 / (1 + exp(s_j - s_i)), the strengths s sum to 0. The likelihood is maximised by Newton's
method; its errors follow from the information or, with enough people, from how their answers scatter (the sandwich
estimate, clustered by person: White 1982; Cameron and Miller 2015), since one person's answers are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles

ENOUGH_PEOPLE = 10
"""from so many on, errors come from the scatter between people"""
_STEPS, _CLOSE = 100, 1e-10


@dataclass(frozen=True, eq=False)
class Strengths:
    """What comparisons say of K things.

    values: [K], in units of log odds, with the sum 0. covariance: [K, K] of them. by_person: whether it comes from the
    scatter between people. softened: whether half a win was added to both sides of each comparison, without which the
    strengths would be infinite.
    """

    values: Doubles
    covariance: Doubles
    by_person: bool
    softened: bool

    @property
    def errors(self) -> Doubles:
        """Standard errors of the strengths.  [K]"""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0)))

    def chance(self, one: int, other: int) -> tuple[float, float, float]:
        """How likely `one` is chosen over `other`, and the ends of the 95 % interval."""
        gap = self.values[one] - self.values[other]
        cov = self.covariance
        error = np.sqrt(max(cov[one, one] + cov[other, other] - 2 * cov[one, other], 0))
        low, middle, high = (1 / (1 + np.exp(-(gap + z * error))) for z in (-1.96, 0.0, 1.96))
        return float(middle), float(low), float(high)


def bradley_terry(wins: Doubles) -> Strengths:
    """Strengths from `wins` [P, K, K]: how often person p chose i over j; a tie is half a win for both.

    Raises ShapeError for another shape or negative counts, DataError where things were never compared, not even through
    others.
    """
    if wins.ndim != 3 or wins.shape[1] != wins.shape[2] or wins.shape[1] < 2 or (wins < 0).any():
        raise ShapeError(f"wins are counts [people, K, K] of two things or more, got {list(wins.shape)}.")
    total = wins.sum(0)
    together = (total + total.T) > 0
    if connected_components(together, directed=False)[0] > 1:
        raise DataError("some of the things were never compared, not even through others: their strengths are unknown.")
    softened = connected_components(total > 0, directed=True, connection="strong")[0] > 1
    if softened:
        total = total + 0.5 * together
    values = np.zeros(len(total))
    for _ in range(_STEPS):
        slope, information = _derivatives(total, values)
        step = np.linalg.pinv(information, hermitian=True) @ slope
        values = values + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < _CLOSE:
            break
    values -= values.mean()
    _, information = _derivatives(total, values)
    covariance = np.linalg.pinv(information, hermitian=True)
    people = int((wins.sum((1, 2)) > 0).sum())
    by_person = people >= ENOUGH_PEOPLE
    if by_person:
        slopes = np.stack([_derivatives(each, values)[0] for each in wins if each.any()])
        scatter = slopes.T @ slopes * people / (people - 1)
        covariance = covariance @ scatter @ covariance
    return Strengths(values, np.asarray(covariance, np.float64), by_person, softened)


def _derivatives(wins: Doubles, values: Doubles) -> tuple[Doubles, Doubles]:
    """Of the log-likelihood: its slope [K] and the information [K, K] (minus its second derivative)."""
    chance = 1 / (1 + np.exp(values[None] - values[:, None]))  # [i, j]: i over j
    counts = wins + wins.T
    weight = counts * chance * (1 - chance)
    information = np.diag(weight.sum(1)) - weight
    return np.asarray((wins - counts * chance).sum(1)), np.asarray(information)
