"""Bradley-Terry: planted strengths come back, intervals hold what they say, two things by hand, and what is refused."""

import math

import numpy as np
import pytest

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.formulas.preferences import bradley_terry

PLANTED = np.array([0.9, 0.3, -0.2, -1.0])


def answers(people: int, each: int, seed: int, taste: float = 0.0) -> np.ndarray:
    """Wins of people who compare random pairs; everyone's own strengths scatter by `taste`."""
    draw = np.random.default_rng(seed)
    wins = np.zeros((people, 4, 4))
    for person in range(people):
        own = PLANTED + taste * draw.normal(size=4)
        for _ in range(each):
            one, other = draw.choice(4, 2, replace=False)
            first = draw.random() < 1 / (1 + math.exp(own[other] - own[one]))
            wins[person, one if first else other, other if first else one] += 1
    return wins


def test_two_things_have_the_log_odds_and_the_error_of_their_share() -> None:
    strengths = bradley_terry(np.array([[[0, 30.0], [10, 0]]]))
    assert strengths.values[0] - strengths.values[1] == pytest.approx(math.log(3))
    middle, low, high = strengths.chance(0, 1)
    error = math.sqrt(1 / 30 + 1 / 10)
    assert middle == pytest.approx(0.75)
    assert [low, high] == pytest.approx([1 / (1 + math.exp(-math.log(3) + z * error)) for z in (1.96, -1.96)])


def test_planted_strengths_come_back() -> None:
    strengths = bradley_terry(answers(30, 200, 0))
    assert strengths.by_person
    assert np.abs(strengths.values - PLANTED).max() < 0.12
    assert (np.abs(strengths.values - PLANTED) < 3.5 * strengths.errors).all()


@pytest.mark.parametrize(("people", "taste"), [(1, 0.0), (25, 0.8)])
def test_intervals_hold_the_truth_in_95_of_100_also_where_people_differ(people: int, taste: float) -> None:
    """With 25 people of differing tastes the information alone would be too sure of itself."""
    inside, sure = [], []
    for seed in range(100):
        strengths = bradley_terry(answers(people, 160 if people == 1 else 40, seed, taste))
        gap = strengths.values[0] - strengths.values[3]
        covariance = strengths.covariance
        error = math.sqrt(covariance[0, 0] + covariance[3, 3] - 2 * covariance[0, 3])
        inside.append(abs(gap - (PLANTED[0] - PLANTED[3]) * _shrunk(taste)) < 1.96 * error)
        sure.append(error)
    assert 0.88 <= np.mean(inside) <= 1.0


def _shrunk(taste: float) -> float:
    """Mixed tastes bring all odds nearer to even: logistic and normal together, by the usual approximation."""
    return 1 / math.sqrt(1 + 2 * taste**2 * 3 / math.pi**2)


def test_what_never_loses_is_softened_and_what_was_never_compared_is_refused() -> None:
    strengths = bradley_terry(np.array([[[0, 5.0], [0, 0]]]))
    assert strengths.softened
    assert np.isfinite(strengths.values).all()
    apart = np.zeros((1, 3, 3))
    apart[0, 0, 1] = 1
    with pytest.raises(DataError, match="never compared"):
        bradley_terry(apart)
    with pytest.raises(ShapeError, match=r"\[people, K, K\]"):
        bradley_terry(np.zeros((2, 3)))
