"""Numbers and times as a person reads them."""

import pytest

from saddlepoint.report.wording import duration, number, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0.00020000001, "0.0002"),
        (41235.6, "41,236"),
        (None, "–"),
        (True, "yes"),
        ([8, 8], "8, 8"),
    ],
)
def test_a_number_has_commas_or_four_figures(value: object, text: str) -> None:
    assert number(value) == text


def test_figures_that_are_not_finite_are_named_so() -> None:
    assert (number(float("nan")), number(float("-inf"))) == ("nan", "-inf")


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (1500.0, "1.5k"), (2e6, "2M"), (-0.25, "−0.25")])
def test_an_axis_shows_short_numbers(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(41.7, "42 s"), (59.9, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (273600, "3 d 04 h")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
