"""Proofs are judged by figures of either sign and either direction, and a margin that is thin is said."""

import pytest

from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Proof
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.verdict import judge, thin


def measuring(direction: Direction, *, signed: bool = False) -> Measure:
    return Measure(lambda *_: Table((), ""), {"figure": direction, "other": "more"}, signed=signed)


def table(own: float, naive: float, other: float = 0, real: float = 10) -> Table:
    rows = [("generated", own, other), ("baseline", naive, 0), ("real", 0, real)]
    return Table([{"kind": kind, "name": kind, "figure": at, "other": on} for kind, at, on in rows], "")


def proof(share: float | None = None, difference: float | None = None, **bars: float) -> Proof:
    return Proof(claim="It is.", data="digits", measure="m", share=share, difference=difference, bars=bars)


@pytest.mark.parametrize(
    ("direction", "own", "naive", "passed"),
    [
        ("less", -1.6, -1.0, True),
        ("less", -0.9, -1.0, False),  # the worse model: by its ratio it used to pass
        ("less", 2.0, 3.0, True),
        ("less", -0.4, 0.2, True),
        ("less", 2.0, 2.4, False),
        ("more", -0.9, -1.6, True),
        ("more", -1.6, -0.9, False),
        ("more", 0.3, -0.3, True),
    ],
)
def test_figures_of_either_sign_are_compared_by_their_difference(
    direction: Direction, own: float, naive: float, passed: bool
) -> None:
    verdict = judge(proof(difference=0.5), measuring(direction, signed=True), table(own, naive))[0]
    assert verdict.passed == passed


@pytest.mark.parametrize("direction", ["less", "more"])
def test_no_ratio_of_negative_figures_is_taken(direction: Direction) -> None:
    with pytest.raises(MethodError, match="no ratio of it says anything"):
        judge(proof(share=0.95), measuring(direction), table(-0.9, -1.0))
    with pytest.raises(MethodError, match="states a `difference`"):
        judge(proof(share=0.95), measuring(direction, signed=True), table(0.9, 1.0))


@pytest.mark.parametrize(
    ("direction", "own", "naive", "passed"),
    [("less", 0.9, 2.0, True), ("less", 1.1, 2.0, False), ("less", 0.0, 2.0, True), ("less", 0.0, 0.0, False),
     ("more", 2.1, 1.0, True), ("more", 1.9, 1.0, False), ("more", 1.0, 0.0, True), ("less", float("nan"), 2.0, False)],
)  # fmt: skip
def test_figures_above_zero_are_compared_by_their_ratio(
    direction: Direction, own: float, naive: float, passed: bool
) -> None:
    assert judge(proof(share=0.5), measuring(direction), table(own, naive))[0].passed == passed


def test_a_margin_within_15_percent_of_its_bar_is_thin() -> None:
    verdicts = judge(proof(share=0.5, figure=1.0, other=6), measuring("less"), table(0.9, 2.0, other=6.5))
    assert all(verdict.passed for verdict in verdicts)
    assert [round(verdict.margin or 0, 3) for verdict in verdicts] == [0.1, 0.1, 0.125]
    assert thin(verdicts)[2] == "thin, 12% beyond the bar: other 6.5: at least 6"
    wide = judge(proof(share=0.5, other=6), measuring("less"), table(0.8, 2.0, other=8))
    assert thin(wide) == []
    assert thin(judge(proof(share=0.5), measuring("less"), table(1.1, 2.0))) == []  # it failed


def test_a_bar_at_what_real_data_has_leaves_no_room_for_a_margin() -> None:
    verdict = judge(proof(share=0.5, other=10), measuring("less"), table(0.1, 2.0, other=10))[1]
    assert (verdict.passed, verdict.margin, verdict.thin) == (True, None, False)


def test_a_bar_on_no_figure_of_the_measure_is_refused() -> None:
    with pytest.raises(MethodError, match="a bar on 'sharpness', which is none of figure, other"):
        judge(proof(share=0.5, sharpness=1), measuring("less"), table(0.1, 2.0))


@pytest.mark.parametrize("stated", [{}, {"share": 0.5, "difference": 1.0}, {"share": 1.0}, {"difference": 0.0}])
def test_a_proof_states_one_comparison(stated: dict[str, float]) -> None:
    with pytest.raises(MethodError):
        Proof(claim="It is.", data="digits", measure="m", **stated)
