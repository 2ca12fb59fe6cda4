"""Means over seeds, and the test of a difference, by hand."""

import pytest

from saddlepoint.runs.seeds import over_seeds


def test_runs_of_one_setting_become_one_row_with_a_test_against_the_first() -> None:
    rows = over_seeds({"a": [{"fid": 1.0}, {"fid": 3.0}], "b": [{"fid": 5.0}, {"fid": 7.0}], "c": [{"fid": 4.0}]})
    assert [(row["n"], row["fid"]) for row in rows] == [(2, 2.0), (2, 6.0), (1, 4.0)]
    assert rows[0]["fid sd"] == pytest.approx(2**0.5)
    assert rows[2]["fid sd"] is None
    assert rows[0]["fid p"] is None
    assert rows[1]["fid p"] == pytest.approx(0.1056, abs=1e-4)  # t = 4 / sqrt(2), 2 degrees of freedom
    assert rows[2]["fid p"] is None  # one run has no spread


def test_one_setting_is_compared_with_nothing() -> None:
    assert over_seeds({"a": [{"fid": 1.0}]}) == [{"name": "a", "n": 1, "fid": 1.0, "fid sd": None}]
