"""Curves: what shares a chart, and how little of a long log a page needs."""

import numpy as np
import pytest

from saddlepoint.report.curves import BOTTOM, HEIGHT, LEFT, RIGHT, SPANS, TOP, WIDTH, Curve, families
from saddlepoint.report.log import Log, Series


def _log(**figures: list[float] | np.ndarray) -> Log:
    series = {
        name.replace("__", "/"): Series(np.arange(1, len(values) + 1) * 64.0, np.asarray(values, float))
        for name, values in figures.items()
    }
    return Log(series)


def _places(points: str) -> np.ndarray:
    return np.array([[float(number) for number in pair.split(",")] for pair in points.split()])


def _only_curve(log: Log) -> Curve:
    (family,) = families(log)
    return family.panels[0].curves[0]


def test_each_group_has_a_chart_and_scores_and_rate_come_last() -> None:
    log = _log(examples_per_s=[9, 9], score__frechet=[3, 2], critic__real=[1, 1], generator__fake=[1, 1])
    assert [family.title for family in families(log)] == ["Critic terms", "Generator terms", "Scores", "Rate"]


def test_figures_of_very_different_size_get_panels_of_their_own() -> None:
    (family,) = families(_log(critic__real=[1, 0.5], critic__norm=[400, 300], critic__fake=[2, 1], critic__flat=[0, 0]))
    names = [[curve.name for curve in panel.curves] for panel in family.panels]
    assert names == [["real", "fake"], ["norm"], ["flat"]]


def test_a_panel_holds_no_more_lines_than_there_are_colours() -> None:
    (family,) = families(_log(**{f"critic__{name}": [1.0, 2.0] for name in "abcdefgh"}))
    assert [len(panel.curves) for panel in family.panels] == [6, 2]


def test_a_line_fills_the_frame_from_left_to_right() -> None:
    places = _places(_only_curve(_log(critic__real=[1.0, 2.0, 3.0])).smooth)
    assert places[-1, 0] == WIDTH - RIGHT
    assert (places[:, 0] > LEFT).all()
    assert (np.diff(places[:, 1]) < 0).all()  # up is up
    assert places[:, 1].min() >= TOP
    assert places[:, 1].max() <= HEIGHT - BOTTOM


def test_a_long_log_becomes_few_points_and_keeps_its_spikes() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100_000)
    values[77_777] = 1000.0
    curve = _only_curve(_log(critic__real=values))
    raw, smooth = _places(curve.raw), _places(curve.smooth)
    assert len(raw) <= 2 * SPANS
    assert len(smooth) == SPANS
    assert raw[:, 1].min() < -1000  # the spike, far above the frame
    assert "and 1,000." in curve.description


def test_the_strong_line_is_the_mean_of_its_neighbours() -> None:
    curve = _only_curve(_log(critic__real=[1.0, 3.0] * 200))
    assert float(curve.last) == pytest.approx(2, abs=0.2)


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    curve = _only_curve(_log(critic__real=[1.0, float("nan"), 3.0, float("inf")]))
    assert len(_places(curve.smooth)) == 2
    assert curve.lost == 2


def test_a_figure_that_was_never_finite_or_never_moved_is_still_drawn() -> None:
    assert _only_curve(_log(critic__real=[float("nan")] * 30)).last == "–"
    assert len(_places(_only_curve(_log(critic__real=[0.7])).smooth)) == 1
    assert families(Log()) == ()
