"""What people say of images: a thumb, reasons, words; kept with the version that made them, and summed up."""

from __future__ import annotations

import csv
import io
import secrets
from collections import Counter
from typing import Annotated, Literal, final

import sqlalchemy as sa
from pydantic import Field, StringConstraints
from scipy.stats import binomtest

from saddlepoint.deploy.serve.ledger import Ledger, table
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import JobId, Name, Typed, Unit
from saddlepoint.deploy.serve.shelf import Served

MOST_WORDS = 1000
"""letters of an opinion in words"""
MOST_EXPORTED = 100_000
"""opinions in one table, the newest ones"""
Reason = Literal["artefacts", "blurred", "colour", "shape", "not-as-asked", "too-similar", "offensive", "other"]
RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_OPINIONS = table(
    "opinions",
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("model", sa.String(128), nullable=False, index=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("thumb", sa.String(4), nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("request", sa.String(64)),
    sa.Column("unit", sa.String(32)),
)


class FeedbackAsk(Typed):
    """What a person thinks of an answer."""

    model: Name | None = Field(default=None, description="that made it; the first that is served by default")
    thumb: Literal["up", "down"]
    reasons: list[Reason] = Field(default=[], max_length=8, fail_fast=True)
    words: str = Field(default="", max_length=MOST_WORDS, description="whatever else; name nobody")
    request: RequestId | None = Field(default=None, description="`X-Request-Id` of the answer")
    unit: Unit | None = Field(
        default=None, description="a key of yours for the person or device; kept as a keyed hash only"
    )


class Feedback(Typed):
    """An opinion that was kept."""

    id: JobId = Field(description="DELETE /v1/feedback/ID takes it back")


class ModelFeedback(Typed):
    """What people think of a version."""

    model: str
    version: str
    up: int
    down: int
    share: float = Field(description="of thumbs that are up")
    low: float = Field(description="lower end of its 95 % interval (Wilson)")
    high: float
    reasons: dict[str, int]


class FeedbackSummary(Typed):
    """What people think of all versions, the most judged one first."""

    models: list[ModelFeedback]


@final
class Opinions:
    """The opinions in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, served: Served, ask: FeedbackAsk) -> Feedback:
        """Keep one. Raises Refusal (429, 503)."""
        identity = secrets.token_hex(16)
        self._ledger.add(
            _OPINIONS,
            id=identity,
            model=served.full_name,
            version=served.model.version,
            thumb=ask.thumb,
            reasons=",".join(sorted(set(ask.reasons))),
            words=ask.words.replace("\0", ""),  # which PostgreSQL keeps in no text
            request=ask.request,
            unit=ask.unit and self._ledger.unit(ask.unit),
        )
        return Feedback(id=identity)

    def remove(self, identity: str) -> None:
        """Take one back. Raises Refusal (404, 503)."""
        if not self._ledger.change(_OPINIONS.delete().where(_OPINIONS.c.id == identity)):
            raise Refusal(404, "no-such-opinion", "no such opinion is kept here.")

    def summary(self) -> FeedbackSummary:
        """How each version is judged. Raises Refusal (503)."""
        own = _OPINIONS.c
        counts = self._ledger.rows(
            sa.select(own.model, own.version, own.thumb, own.reasons, sa.func.count().label("times")).group_by(
                own.model, own.version, own.thumb, own.reasons
            )
        )
        thumbs: dict[tuple[str, str], Counter[str]] = {}
        reasons: dict[tuple[str, str], Counter[str]] = {}
        for row in counts:
            key = (row.model, row.version)
            thumbs.setdefault(key, Counter())[row.thumb] += row.times
            for reason in filter(None, row.reasons.split(",")):
                reasons.setdefault(key, Counter())[reason] += row.times
        models = [_judged(*key, votes, reasons.get(key, Counter())) for key, votes in thumbs.items()]
        return FeedbackSummary(models=sorted(models, key=lambda one: -(one.up + one.down)))

    def exported(self) -> str:
        """The newest opinions as CSV, one a row. Raises Refusal (503)."""
        names = ("at", "model", "version", "thumb", "reasons", "words", "request", "unit")
        columns = [_OPINIONS.c[name] for name in names]
        rows = self._ledger.rows(sa.select(*columns).order_by(_OPINIONS.c.at.desc()).limit(MOST_EXPORTED))
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue()


def _judged(model: str, version: str, votes: Counter[str], reasons: Counter[str]) -> ModelFeedback:
    up, down = votes["up"], votes["down"]
    interval = binomtest(up, up + down).proportion_ci(method="wilson")
    return ModelFeedback(
        model=model,
        version=version,
        up=up,
        down=down,
        share=up / (up + down),
        low=float(interval.low),
        high=float(interval.high),
        reasons=dict(reasons.most_common()),
    )


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
