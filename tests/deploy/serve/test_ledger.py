"""The ledger, in SQLite and in a real PostgreSQL: opinions, comparisons, bounds, and what happens when it is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from stores import postgresql

from saddlepoint.deploy.serve.experiments import Experiment, Experiments, OutcomeAsk
from saddlepoint.deploy.serve.feedback import FeedbackAsk, Opinions
from saddlepoint.deploy.serve.ledger import Ledger
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError, RunError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('store') / 'records.sqlite'}"
    else:
        with postgresql() as address:
            yield address


@pytest.fixture
def ledger(store: str) -> Iterator[Ledger]:
    one = Ledger(store, most=500, days=10)
    yield one
    for name in ("opinions", "exposures", "outcomes"):
        one.change(sa.delete(sa.table(name)))
    one.close()


class Version:
    """What an opinion needs of a served model."""

    def __init__(self, name: str) -> None:
        self.full_name, self.model = name, self
        self.version = "abc"


def give(opinions: Opinions, thumb: str, **more: Any) -> str:
    served: Any = Version(more.pop("model", "faces@stable"))
    return opinions.add(served, FeedbackAsk(thumb=thumb, **more)).id


def test_opinions_are_summed_up_by_version_and_taken_back(ledger):
    opinions = Opinions(ledger)
    for _ in range(8):
        give(opinions, "up")
    give(opinions, "down", reasons=["blurred", "blurred", "colour"], words="=HYPERLINK(1)", unit="ann@example.org")
    last = give(opinions, "down", model="faces@beta")
    first, second = opinions.summary().models
    assert (first.model, first.up, first.down, first.reasons) == ("faces@stable", 8, 1, {"blurred": 1, "colour": 1})
    assert (first.low, first.high) == pytest.approx((0.565, 0.980), abs=1e-3)  # Wilson, by hand
    assert (second.up, second.down) == (0, 1)
    text = opinions.exported()
    assert "'=HYPERLINK(1)" in text  # no formula of a spreadsheet
    assert "ann" not in text
    opinions.remove(last)
    assert len(opinions.summary().models) == 1
    with pytest.raises(Refusal, match="no such opinion"):
        opinions.remove(last)


def test_a_unit_is_known_again_by_all_who_share_the_store_and_by_nobody_else(ledger, store, tmp_path):
    other, stranger = Ledger(store, most=500, days=10), Ledger(f"sqlite:///{tmp_path / 'x.sqlite'}", most=5, days=10)
    assert ledger.unit("ann") == other.unit("ann") != ledger.unit("bob")
    assert stranger.unit("ann") != ledger.unit("ann")
    other.close()
    stranger.close()


def test_what_is_old_goes_and_a_full_table_refuses(store):
    day = datetime(2027, 1, 1, tzinfo=UTC)
    one = Ledger(store, most=3, days=10, clock=lambda: day)
    for _ in range(3):
        give(Opinions(one), "up")
    with pytest.raises(Refusal) as refused:
        give(Opinions(one), "up")
    assert (refused.value.status, refused.value.bound) == (429, {"limit": 3})
    day += timedelta(days=11)
    one.sweep()
    give(Opinions(one), "down")
    assert [(each.up, each.down) for each in Opinions(one).summary().models] == [(0, 1)]
    one.change(sa.delete(sa.table("opinions")))
    one.close()


SMILE = Experiment(name="smile", arms={"faces@stable": 50, "faces@beta": 50}, units=160)


def test_units_are_divided_by_shares_and_the_first_outcome_counts(ledger):
    experiments = Experiments([SMILE], ledger)
    arms = [experiments.expose(SMILE, f"user {number}") for number in range(160)]
    assert arms == [SMILE.arm(f"user {number}") for number in range(160)]
    assert 55 < arms.count("faces@beta") < 105
    converted = {"faces@stable": 0.2, "faces@beta": 0.6}
    for number, arm in enumerate(arms):
        if 37 * number % 100 < 100 * converted[arm]:
            assert experiments.note("smile", OutcomeAsk(unit=f"user {number}", value=1)).counted
    assert not experiments.note("smile", OutcomeAsk(unit="user 0", value=0)).counted
    (report,) = experiments.reports().experiments
    assert [one.exposed for one in report.arms] == [arms.count(arm) for arm in SMILE.arms]
    assert report.arms[0].mean == pytest.approx(0.2, abs=0.1)  # who said nothing counts as 0
    (contrast,) = report.contrasts
    assert contrast.significant
    assert contrast.low is not None
    assert contrast.low < 0.4 < contrast.high
    with pytest.raises(Refusal, match="met no arm"):
        experiments.note("smile", OutcomeAsk(unit="somebody", value=1))
    with pytest.raises(Refusal, match="is 1 or 0"):
        experiments.note("smile", OutcomeAsk(unit="user 0", value=0.5))


def test_nothing_is_concluded_too_early_or_of_a_wrong_division(ledger):
    experiments = Experiments([SMILE], ledger)
    for number in range(70):
        experiments.expose(SMILE, f"user {number}")
        experiments.note("smile", OutcomeAsk(unit=f"user {number}", value=SMILE.arm(f"user {number}") == "faces@beta"))
    (early,) = experiments.reports().experiments
    assert early.contrasts[0].significant is None
    assert "70 of 160" in early.words
    skewed = SMILE.model_copy(update={"arms": {"faces@stable": 90, "faces@beta": 10}, "units": 60})
    (wrong,) = Experiments([skewed], ledger).reports().experiments
    assert wrong.contrasts[0].significant is None
    assert "divides units wrongly" in wrong.words


def test_numbers_are_compared_at_every_look_by_the_sequential_test(ledger):
    bill = Experiment(
        name="bill", arms={"faces@a": 1, "faces@b": 1, "faces@c": 1}, outcome="number", test="sequential", effect=1.0
    )
    experiments = Experiments([bill], ledger)
    for number in range(180):
        arm = experiments.expose(bill, f"{number}")
        if number % 5:  # the others have no outcome and are left out
            experiments.note("bill", OutcomeAsk(unit=f"{number}", value=1e6 + number % 7 + 5 * (arm == "faces@c")))
    (report,) = experiments.reports().experiments
    assert report.level == 0.025  # two contrasts
    assert [one.significant for one in report.contrasts] == [False, True]
    assert report.arms[0].deviation == pytest.approx(2, abs=0.3)  # though the values are about a million
    assert 100 < sum(one.outcomes for one in report.arms) <= 144


def test_a_store_that_is_none_is_refused_in_words(tmp_path: Path):
    for url, words in (("mysql://x/y", "knows no 'mysql'"), ("nonsense", "is no address")):
        with pytest.raises(ConfigError, match=words):
            Ledger(url, most=1, days=1)
    (tmp_path / "text.sqlite").write_text("no store " * 200)
    with pytest.raises(RunError, match=r"cannot be used: file is not a database"):
        Ledger(f"sqlite:///{tmp_path / 'text.sqlite'}", most=1, days=1)
    pytest.importorskip("psycopg")
    with pytest.raises(RunError, match=r"saddle:\*\*\*@127"):  # the password is not repeated
        Ledger("postgresql://saddle:secret@127.0.0.1:1/x", most=1, days=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"arms": {"faces@a": 1}},
        {"arms": {"faces@a": 1, "maps@b": 1}},
        {"arms": {"faces": 1, "faces@b": 1}},
        {"units": None},
        {"test": "sequential"},
        {"level": 0.7},
    ],
)
def test_a_comparison_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Experiment.model_validate({**SMILE.model_dump(), **wrong})
