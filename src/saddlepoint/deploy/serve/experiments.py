"""Versions compared by what comes of them (A/B): who gets which, what came of it, and whether that is chance.

A unit (a person, a device) is given to an arm by SHA-256 of the experiment's name and the client's key, so that it
always meets the same one, on every replica, and a new experiment divides anew. What is counted are units, not requests.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, final

import sqlalchemy as sa
from pydantic import Field, StringConstraints, ValidationError, model_validator

from saddlepoint.deploy.serve.ledger import Ledger, table
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import Name, Typed, Unit
from saddlepoint.deploy.serve.shelf import Shelf
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.formulas.significance import LEAST, Contrast, Group, fixed, misdivided, sequential
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

_EXPERIMENT = r"[a-z0-9][a-z0-9-]{0,31}"
_REMEMBERED = 10_000  # units whose exposure is not written again
_SUSPECT = 0.001  # p-value of the division below which nothing is concluded
ExperimentName = Annotated[str, StringConstraints(pattern=f"^{_EXPERIMENT}$")]
_EXPOSURES = table(
    "exposures",
    sa.Column("experiment", sa.String(32), primary_key=True),
    sa.Column("unit", sa.String(32), primary_key=True),
    sa.Column("arm", sa.String(128), nullable=False),
)
_OUTCOMES = table(
    "outcomes",
    sa.Column("experiment", sa.String(32), primary_key=True),
    sa.Column("unit", sa.String(32), primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
)


class Experiment(Typed):
    """A comparison, settled before it begins."""

    name: ExperimentName
    arms: dict[Name, Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]] = Field(
        min_length=2, max_length=8, description="NAME@CHANNEL and its share; the first is what others are compared with"
    )
    outcome: Literal["share", "number"] = Field(
        default="share",
        description="share: 1 or 0 of a unit, 0 where nothing is said of it; number: any, of those who have one",
    )
    test: Literal["fixed", "sequential"] = Field(
        default="fixed", description="fixed: one look once `units` have been there; sequential: valid at every look"
    )
    units: int | None = Field(default=None, ge=2 * LEAST, le=10**9, description="of all arms; for a fixed test")
    effect: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        allow_inf_nan=False,
        description="a difference that would matter; for a sequential test",
    )
    level: float = Field(
        default=0.05, gt=0, lt=0.5, description="share of comparisons without effect that it finds one in"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({arm.partition("@")[0] for arm in self.arms}) > 1 or not all("@" in arm for arm in self.arms):
            raise ValueError("its arms are versions of one model, each NAME@CHANNEL")
        if (self.units if self.test == "fixed" else self.effect) is None:
            raise ValueError(f"a {self.test} test needs `{'units' if self.test == 'fixed' else 'effect'}`")
        return self

    @property
    def model(self) -> str:
        """The name whose requests it divides."""
        return next(iter(self.arms)).partition("@")[0]

    def arm(self, unit: str) -> str:
        """The arm of a client's key."""
        digest = hashlib.sha256(f"{self.name}\0{unit}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64 * sum(self.arms.values())
        for arm, share in self.arms.items():
            place -= share
            if place < 0:
                return arm
        return list(self.arms)[-1]  # by rounding


class OutcomeAsk(Typed):
    """What came of a unit."""

    unit: Unit
    value: float = Field(ge=-1e9, le=1e9, allow_inf_nan=False, description="1 or 0 where a share is compared")


class Outcome(Typed):
    """An outcome as it was taken."""

    arm: str
    counted: bool = Field(description="whether it is the unit's first one; others change nothing")


class ArmReport(Typed):
    """What is known of an arm."""

    arm: str
    share: float
    exposed: int = Field(description="units that met it")
    outcomes: int = Field(description="of them with an outcome")
    mean: float | None
    deviation: float | None


class ContrastReport(Typed):
    """An arm beside the first one."""

    arm: str
    difference: float
    low: float | None
    high: float | None
    p: float
    significant: bool | None = Field(description="null while nothing may be concluded")


class ExperimentReport(Typed):
    """How a comparison stands, and what may be concluded of it."""

    name: str
    test: Literal["fixed", "sequential"]
    level: float = Field(description="of each contrast: the whole level over their number (Bonferroni)")
    arms: list[ArmReport]
    contrasts: list[ContrastReport]
    division: float = Field(description="p-value of the arms' sizes; below 0.001 something divides units wrongly")
    words: str


class ExperimentReports(Typed):
    """All comparisons."""

    experiments: list[ExperimentReport]


def experiments_of(path: Path, shelf: Shelf) -> tuple[Experiment, ...]:
    """The comparisons of a JSON file, {"experiments": [...]}. Raises ConfigError."""
    try:
        entries = documents.table(path).get("experiments")
        if not isinstance(entries, list):
            raise ConfigError(f'{path} has no list of experiments: write {{"experiments": [...]}}.')
        experiments = tuple(Experiment.model_validate(entry) for entry in entries)
    except (Unfit, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    known = [one.full_name for one in shelf.served]
    for one in experiments:
        if absent := [arm for arm in one.arms if arm not in known]:
            raise ConfigError(
                f"{path}: the arm {absent[0]} of {one.name} is not served; served are {', '.join(known)}."
            )
    for what in ([one.name for one in experiments], [one.model for one in experiments]):
        if len(set(what)) < len(what):
            raise ConfigError(f"{path}: {max(what, key=what.count)} is named by more than one experiment.")
    return experiments


@final
class Experiments:
    """The comparisons that run, and their rows in a ledger."""

    def __init__(self, experiments: Sequence[Experiment], ledger: Ledger) -> None:
        self._by_name = {one.name: one for one in experiments}
        self._by_model = {one.model: one for one in experiments}
        self._ledger = ledger
        self._exposed: OrderedDict[tuple[str, str], None] = OrderedDict()

    def of(self, model: str) -> Experiment | None:
        """The comparison that divides the requests for a model without a channel."""
        return self._by_model.get(model)

    def expose(self, experiment: Experiment, key: str) -> str:
        """The arm of a client's key, which is written down. Raises Refusal (429, 503)."""
        arm, place = experiment.arm(key), (experiment.name, self._ledger.unit(key))
        if place not in self._exposed:
            self._ledger.add(_EXPOSURES, once=True, experiment=place[0], unit=place[1], arm=arm)
            self._exposed[place] = None
            if len(self._exposed) > _REMEMBERED:
                self._exposed.popitem(last=False)
        return arm

    def note(self, name: str, ask: OutcomeAsk) -> Outcome:
        """Keep what came of a unit. Raises Refusal: 404 for no such experiment or unit, 422 for no share; 429, 503."""
        if name not in self._by_name:
            raise Refusal(404, "no-such-experiment", "no such experiment runs here.")
        if self._by_name[name].outcome == "share" and ask.value not in (0, 1):
            raise Refusal(422, "outcome", "the outcome of this experiment is 1 or 0.", "send 1 or 0")
        unit, own = self._ledger.unit(ask.unit), _EXPOSURES.c
        rows = self._ledger.rows(sa.select(own.arm).where(own.experiment == name, own.unit == unit))
        if not rows:
            mend = "send `unit` with requests, without a channel in `model`"
            raise Refusal(404, "not-exposed", "this unit has met no arm of the experiment.", mend)
        counted = self._ledger.add(_OUTCOMES, once=True, experiment=name, unit=unit, value=ask.value)
        return Outcome(arm=rows[0].arm, counted=counted)

    def reports(self) -> ExperimentReports:
        """How all of them stand. Raises Refusal (503)."""
        return ExperimentReports(experiments=[self._report(one) for one in self._by_name.values()])

    def _report(self, experiment: Experiment) -> ExperimentReport:
        exposed = dict.fromkeys(experiment.arms, 0) | self._counted(experiment)
        division = misdivided([exposed[arm] for arm in experiment.arms], list(experiment.arms.values()))
        groups, answered = self._groups(experiment)
        level = experiment.level / (len(experiment.arms) - 1)
        total = sum(exposed.values())
        why = _unready(experiment, total, division)
        first, *others = experiment.arms
        contrasts = []
        for arm in others:
            one = _contrast(experiment, groups[first], groups[arm], level)
            significant = None if why or one.low is None else one.p < level
            contrasts.append(ContrastReport(arm=arm, significant=significant, **vars(one)))
        return ExperimentReport(
            name=experiment.name,
            test=experiment.test,
            level=level,
            arms=[
                ArmReport(
                    arm=arm,
                    share=share,
                    exposed=exposed[arm],
                    outcomes=answered.get(arm, 0),
                    mean=groups[arm].mean if groups[arm].count else None,
                    deviation=groups[arm].variance ** 0.5 if groups[arm].count > 1 else None,
                )
                for arm, share in experiment.arms.items()
            ],
            contrasts=contrasts,
            division=division,
            words=why or _words(contrasts),
        )

    def _counted(self, experiment: Experiment) -> dict[str, int]:
        own = _EXPOSURES.c
        statement = sa.select(own.arm, sa.func.count()).where(own.experiment == experiment.name).group_by(own.arm)
        return {arm: count for arm, count in self._ledger.rows(statement) if arm in experiment.arms}

    def _groups(self, experiment: Experiment) -> tuple[dict[str, Group], dict[str, int]]:
        """The outcomes by arm: of the first `units` alone in a fixed test, so that its one look stays the same."""
        own = _EXPOSURES.c
        units: Any = sa.select(own.unit, own.arm).where(own.experiment == experiment.name)
        if experiment.test == "fixed":
            units = units.order_by(own.at, own.unit).limit(experiment.units)
        units = units.subquery()
        matched = sa.and_(_OUTCOMES.c.unit == units.c.unit, _OUTCOMES.c.experiment == experiment.name)
        joined = units.join(_OUTCOMES, matched, isouter=experiment.outcome == "share")
        value = sa.func.coalesce(_OUTCOMES.c.value, 0.0)

        def of_arms(*columns: Any) -> Sequence[Any]:
            return self._ledger.rows(sa.select(units.c.arm, *columns).select_from(joined).group_by(units.c.arm))

        first = of_arms(sa.func.count().label("n"), sa.func.avg(value).label("mean"), sa.func.count(_OUTCOMES.c.value))
        means = {arm: float(mean) for arm, _, mean, _ in first}
        groups = dict.fromkeys(experiment.arms, Group(0, 0.0, 0.0))
        centre = sa.case(means, value=units.c.arm, else_=0.0) if means else sa.literal(0.0)
        squares = {arm: float(square) for arm, square in of_arms(sa.func.sum((value - centre) * (value - centre)))}
        for arm, count, _, _ in first:
            if arm in groups:
                groups[arm] = Group(count, means[arm], squares[arm] / max(1, count - 1))
        return groups, {arm: known for arm, _, _, known in first}


def _contrast(experiment: Experiment, first: Group, second: Group, level: float) -> Contrast:
    if experiment.test == "fixed":
        return fixed(first, second, level)
    assert experiment.effect is not None
    return sequential(first, second, experiment.effect, level)


def _unready(experiment: Experiment, total: int, division: float) -> str:
    """Why nothing may be concluded; empty where it may."""
    if division < _SUSPECT:
        return (
            "The arms' sizes are not those of their shares: something divides units wrongly, so nothing is concluded."
        )
    if experiment.test == "fixed" and total < (experiment.units or 0):
        return f"{total:,} of {experiment.units:,} units have met an arm; nothing is concluded before all have."
    return ""


def _words(contrasts: Sequence[ContrastReport]) -> str:
    if all(one.significant is None for one in contrasts):
        return f"Each arm needs {LEAST} units with an outcome that varies."
    better = [f"{one.arm} differs by {one.difference:+.4g}" for one in contrasts if one.significant]
    return "; ".join(better) + "." if better else "No difference beyond chance."
