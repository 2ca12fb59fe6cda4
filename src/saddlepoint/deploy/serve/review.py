"""Answers that fell short of their gate: a person looks at them, paints regions anew, and accepts or rejects them."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, final

import sqlalchemy as sa
from PIL import Image
from pydantic import Field

from saddlepoint.deploy.serve import limits, packing
from saddlepoint.deploy.serve.ledger import Ledger, table
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.quality import Shortfall
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.repaint import inside, repainted
from saddlepoint.deploy.serve.schemas import Ask, File, JobId, Typed
from saddlepoint.deploy.serve.shelf import Shelf
from saddlepoint.deploy.serve.store import Facts, Store, now

_DECISIONS = table(
    "decisions",
    sa.Column("job", sa.String(32), primary_key=True),
    sa.Column("model", sa.String(128), nullable=False, index=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("decision", sa.String(8), nullable=False),
    sa.Column("repainted", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
REJECTED = {
    "type": "urn:saddlepoint:rejected",
    "title": "rejected",
    "status": 410,
    "detail": "a person has looked at this and rejected it.",
    "mend": "ask for it with other settings",
}
Pixel = Field(ge=0, le=limits.MOST_REGION)
Length = Field(ge=1, le=limits.MOST_REGION)


class HeldAnswer(Typed):
    """An answer that waits for review."""

    job: JobId
    task: str
    model: str
    version: str
    created: str
    images: int = Field(description="/v1/operator/review/JOB/images/0 and so on")
    given: bool = Field(description="whether what was given is there: /v1/operator/review/JOB/given")
    shortfalls: list[Shortfall]
    repainted: int = Field(description="regions that were painted anew")


class HeldList(Typed):
    """All that waits for review, the oldest first."""

    held: list[HeldAnswer]


class DecisionAsk(Typed):
    """What is to become of an answer that waits for review."""

    job: JobId
    decision: Literal["accept", "reject"]
    note: str = Field(default="", max_length=1000, description="why; the client does not see it")


class RepaintAsk(Typed):
    """A region of an image that is to be painted anew."""

    job: JobId
    image: int = Field(default=0, ge=0, lt=limits.MOST_PLACES)
    left: int = Pixel
    top: int = Pixel
    width: int = Length
    height: int = Length
    by: Literal["surroundings", "given", "patch"] = Field(
        default="surroundings", description="what its sides suggest, the same region of what was given, or `patch`"
    )
    patch: File | None = Field(default=None, description="an image file, brought to the size of the region")


class _KeptAsk(Ask):
    """A request as it is packed again, after its uploads are gone."""

    values: dict[str, Any] = {}

    def settings(self) -> dict[str, Any]:
        return self.values


@final
class Reviews:
    """The review of one service's answers. ledger: keeps the decisions; None keeps none.

    picture_of: decodes a patch within the bounds of uploads. Raises Refusal where there is nothing to review (404), or
    it was decided already (409).
    """

    def __init__(self, store: Store, shelf: Shelf, ledger: Ledger | None, picture_of: Callable[[bytes], Any]) -> None:
        self._store, self._shelf, self._ledger, self._picture_of = store, shelf, ledger, picture_of

    def waiting(self) -> HeldList:
        """What waits."""
        held = []
        for facts in self._store.held():
            with suppress(Refusal):  # it was decided meanwhile
                held.append(self._entry(facts))
        return HeldList(held=held)

    def _entry(self, facts: Facts) -> HeldAnswer:
        notes = self._store.notes(facts.id)
        return HeldAnswer(
            job=facts.id,
            task=facts.task,
            model=facts.model,
            version=facts.version,
            created=facts.created,
            images=len(notes["rows"]),
            given=self._store.held_file(facts.id, "given").is_file(),
            shortfalls=notes["shortfalls"],
            repainted=sum(row["settings"].get("repainted", 0) for row in notes["rows"]),
        )

    def picture(self, job: str, name: str) -> bytes:
        """An image that waits, by its number or as "given", as PNG."""
        self._store.held_one(job)
        try:
            return self._store.held_file(job, name).read_bytes()
        except OSError as error:
            raise Refusal(404, "no-such-image", "there is no such image in this answer.") from error

    def repaint(self, ask: RepaintAsk) -> HeldAnswer:
        """Paint a region anew. Raises Refusal (422) for a region outside, or where what it needs is not there."""
        facts = self._store.held_one(ask.job)
        notes = self._store.notes(ask.job)
        if (ask.patch is not None) != (ask.by == "patch"):
            raise Refusal(422, "patch", '`patch` and by: "patch" belong together.', "send both, or neither")
        picture = _opened(self.picture(ask.job, f"{ask.image:05d}"))
        box = (ask.left, ask.top, ask.left + ask.width, ask.top + ask.height)
        if not inside(box, picture.size):
            text = f"the region does not lie in the image of {picture.width}x{picture.height} pixels."
            raise Refusal(422, "region", text, "choose one inside")
        patch = None
        if ask.by == "patch":
            patch = self._picture_of(ask.patch or b"")[0]
        elif ask.by == "given":
            if not self._store.held_file(ask.job, "given").is_file():
                raise Refusal(422, "given", "nothing was given for this answer.", "paint from the surroundings")
            patch = _opened(self.picture(ask.job, "given")).resize(picture.size).crop(box)
        content = io.BytesIO()
        repainted(picture, box, patch).save(content, "PNG")
        row = notes["rows"][ask.image]
        row["made"] = "modified"
        row["settings"]["repainted"] = row["settings"].get("repainted", 0) + 1
        self._store.rewrite(ask.job, f"{ask.image:05d}", content.getvalue(), notes)
        return self._entry(facts)

    def decide(self, ask: DecisionAsk) -> HeldAnswer:
        """Let an answer go, or end it. What was given is forgotten either way."""
        facts = self._store.held_one(ask.job)
        entry = self._entry(facts)
        if ask.decision == "reject":
            self._store.release(facts.model_copy(update={"state": "rejected", "error": REJECTED, "bytes": 0}), None)
        else:
            parcel = self._packed(facts) if entry.repainted else None
            changes: dict[str, Any] = {"state": "done", "finished": now()}
            if parcel is not None:
                changes |= {"media_type": parcel.media_type, "headers": dict(parcel.headers)}
            self._store.release(facts.model_copy(update=changes), parcel)
        if self._ledger is not None:
            self._ledger.add(
                _DECISIONS,
                once=True,
                job=facts.id,
                model=facts.model,
                version=facts.version,
                decision=ask.decision,
                repainted=entry.repainted,
                note=ask.note.replace("\0", ""),
            )
        return entry

    def _packed(self, facts: Facts) -> packing.Parcel:
        """The answer anew, with what was painted."""
        notes = self._store.notes(facts.id)
        pictures = [
            Made(_opened(self.picture(facts.id, f"{number:05d}")), row["made"], row["settings"])
            for number, row in enumerate(notes["rows"])
        ]
        ask = _KeptAsk(**notes["ask"])
        return packing.pack(self._shelf.named(facts.model), ask, pictures, notes["columns"], notes["facts"])


def notes_of(
    ask: Ask, results: list[Made], columns: int | None, facts: dict[str, Any], shortfalls: list[Shortfall]
) -> dict[str, Any]:
    """What must be known of an answer to pack it again, as JSON."""
    return {
        "ask": {"form": ask.form, "answer": ask.answer, "preview": ask.preview, "values": ask.settings()},
        "columns": columns,
        "facts": facts,
        "rows": [{"made": one.made, "settings": dict(one.settings)} for one in results],
        "shortfalls": [one.model_dump() for one in shortfalls],
    }


def png(picture: Image.Image) -> bytes:
    """A picture without loss, for the reviewer's eyes alone: its disclosure comes when it leaves."""
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=1)
    return content.getvalue()


def _opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return picture.copy()
