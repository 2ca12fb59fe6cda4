"""Can it be told from released images who was trained on? Attacks by distance. Chen et al. 2020, arXiv:1909.03935.

The attacker has the released images and a candidate: the nearer the nearest released image, the more likely the
candidate was trained on (their full black box, eq. 7, without calibration). What it comes to is said as the area under
the ROC curve, .5 for guessing, and as the share of members that are caught while one non-member in a hundred is accused
(Carlini et al. 2022, arXiv:2112.03570: the mean over all hides the few who are exposed).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saddlepoint.metrics.formulas.memorisation import nearest
from saddlepoint.metrics.formulas.separation import order
from saddlepoint.metrics.formulas.statistics import Doubles, Floats

ACCUSED = 0.01
"""share of non-members that are taken for members"""


@dataclass(frozen=True)
class Attack:
    """What an attack comes to.

    area: under the ROC curve, with its standard error. caught: share of members that are caught while `ACCUSED` of the
    non-members are accused. members, others: how many of either.
    """

    area: float
    error: float
    caught: float
    members: int
    others: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the area."""
        return self.area - 1.96 * self.error, self.area + 1.96 * self.error


def attack(members: Doubles, others: Doubles) -> Attack:
    """From a score of each member [n] and of each non-member [m], larger where membership is likelier."""
    area, error = order(members, others)
    bound = np.quantile(others, 1 - ACCUSED, method="higher")
    return Attack(area, error, float((members > bound).mean()), len(members), len(others))


def by_distance(released: Floats, members: Floats, others: Floats) -> Attack:
    """The attack by the distance to the nearest released image. All are features [*, d]."""
    scores = [-nearest(released, rows).distance for rows in (members, others)]
    return attack(scores[0], scores[1])
