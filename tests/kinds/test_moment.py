"""Moments: from 0 to 1, as words, arrays and numbers."""

import numpy as np
import pytest
import torch

from saddlepoint import kinds
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.moment import Moment


def test_a_field_of_times_holds_moments() -> None:
    assert kinds.of_array("time", np.array([0.0, 1.0], np.float32)) == Moment()
    assert Moment.of(np.array([0.0, 1.5])) is None
    assert Moment.of(np.array([0, 1])) is None


@pytest.mark.parametrize("text", ["-0.1", "1.01", "nan", "noon", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="from 0, the first"):
        Moment().parse(text)


def test_words_become_moments() -> None:
    assert Moment().parse("0.25").item() == 0.25
    assert Moment().example(3, 0).tolist() == [0, 0.5, 1]
    assert Moment().picture(torch.tensor([0.5])).size[0] > 0
