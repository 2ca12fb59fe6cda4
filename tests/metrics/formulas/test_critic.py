"""What critic outputs say, by hand."""

import numpy as np
import pytest

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.critic import critic_signals


def test_the_figures_are_worked_by_hand():
    found = critic_signals(np.array([1.0, 3.0, -1.0, 0.0]), np.array([-2.0, 1.0]), bins=5)
    assert found.accuracy_real == 2.5 / 4
    assert found.accuracy_fake == 1 / 2
    assert found.accuracy == (2.5 / 4 + 1 / 2) / 2
    assert found.wasserstein == 3 / 4 + 1 / 2
    assert found.edges.tolist() == [-2, -1, 0, 1, 2, 3]
    assert found.real.tolist() == [0, 0.25, 0.25, 0.25, 0.25]
    assert found.fake.tolist() == [0.5, 0, 0, 0.5, 0]


def test_a_critic_that_says_nothing_is_a_guess():
    assert critic_signals(np.zeros(5), np.zeros(5)).accuracy == 0.5


def test_outputs_that_are_not_a_row_of_numbers_are_refused():
    with pytest.raises(ShapeError, match="fake must be a row"):
        critic_signals(np.zeros(3), np.array([np.nan]))
    with pytest.raises(ShapeError, match="real must be a row"):
        critic_signals(np.zeros((3, 1)), np.zeros(3))
