"""Jobs on disk: a folder each, with its state and its result, so that neither a kill nor a restart loses what is done.

A folder gets its name when its state stands in it, and the result is written before the state that says so. What is
known of the jobs is held in memory too, for one service alone has the folder; so nobody looks for folders, and none
that is being made can be taken for one that was left. Uploads are not kept.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

import filelock
from pydantic import BaseModel, ValidationError

from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.making import Codes
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.replies import State
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import RunError
from saddlepoint.latent.codes import Code, save_code
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.storage.whole import disk_errors, replace, sync, write_json

_ID = re.compile(r"[0-9a-f]{32}")
_FACTS, _RESULT, _PREVIEW, _CODE = "job.json", "result", "preview", "code.safetensors"
_HELD, _NOTES = "held", "notes.json"  # the folder of what waits for review
_NEW, _GONE = ".new-", ".gone-"
INTERRUPTED = {  # the problem of a job whose service has stopped
    "type": "urn:saddlepoint:interrupted",
    "title": "interrupted",
    "status": 410,
    "detail": "the service stopped before this job was done.",
    "mend": "send it again",
}


def now() -> str:
    """The time in UTC, as job files have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Facts(BaseModel):
    """What is kept of a job."""

    id: str
    task: str
    model: str
    version: str
    state: State = "waiting"
    created: str
    finished: str | None = None
    seconds: float = 0.0
    error: dict[str, Any] | None = None
    request: str
    media_type: str | None = None
    headers: dict[str, str] = {}
    bytes: int | None = None

    @property
    def ended(self) -> bool:
        """Whether it neither waits nor runs."""
        return self.state not in ("waiting", "running")


@final
@dataclass(frozen=True)
class Kept:
    """A result on disk."""

    path: Path
    media_type: str
    headers: Mapping[str, str]


@final
class Store(Codes):
    """The jobs of one service; may be used from any thread. Raises RunError when another service has the folder."""

    def __init__(self, folder: Path, limits: Limits, clock: Callable[[], str] = now) -> None:
        self.folder, self._limits, self._now = folder, limits, clock
        self._jobs: dict[str, Facts] = {}
        self._changing = threading.RLock()
        with disk_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = filelock.FileLock(folder / ".lock", thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"another service keeps its jobs in {folder}; use --jobs FOLDER.") from error
        with disk_errors(str(folder)):
            self._open()
        self.sweep()

    def _open(self) -> None:
        """Read what an earlier service left; what it did not finish is interrupted, what it only began is removed."""
        for path in list(self.folder.iterdir()):
            if path.name.startswith((_NEW, _GONE)):
                shutil.rmtree(path, ignore_errors=True)
            elif _ID.fullmatch(path.name):
                facts = _read(path)
                if facts is None:
                    shutil.rmtree(path, ignore_errors=True)
                    continue
                for half in path.glob(".*"):
                    half.unlink(missing_ok=True)
                self._jobs[facts.id] = facts
                if not facts.ended:
                    left = {"state": "interrupted", "finished": self._now(), "error": INTERRUPTED}
                    self.write(facts.model_copy(update=left))

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.release()

    def read(self, job: str) -> Facts:
        """The facts of a job. Raises Refusal (404) for one that is not there, or no longer."""
        facts = self._jobs.get(job)
        if facts is None:
            hours = f"finished jobs are kept for {self._limits.keep_hours:g} hours"
            raise Refusal(404, "no-such-job", "no such job is kept here.", hours)
        return facts

    def add(self, facts: Facts) -> None:
        """A new job, whole or not at all; the oldest make room for it. Raises RunError."""
        self.sweep()
        new = self.folder / f"{_NEW}{facts.id}"
        try:
            write_json(new / _FACTS, facts.model_dump())
            with self._changing, disk_errors("a job"):
                new.rename(self.folder / facts.id)
                self._jobs[facts.id] = facts
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def write(self, facts: Facts) -> None:
        """The facts of a job that is kept, whole or not at all. Raises RunError."""
        with self._changing:
            if facts.id in self._jobs:
                write_json(self.folder / facts.id / _FACTS, facts.model_dump())
                self._jobs[facts.id] = facts

    def keep(self, job: str, parcel: Parcel, code: Code | None) -> dict[str, Any]:
        """Write a result, and return the facts that point to it. Raises RunError."""
        folder = self.folder / job
        with self._changing:
            self.read(job)
            replace(folder / _RESULT, parcel.content)
            with disk_errors(_RESULT):
                sync(folder / _RESULT)
                if code is not None:
                    save_code(code, folder / _CODE, {"job": job})
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return {"media_type": parcel.media_type, "headers": dict(parcel.headers), "bytes": size}

    def keep_preview(self, job: str, content: bytes) -> None:
        """Write the small image of a job that goes on. Raises RunError."""
        with self._changing:
            if job in self._jobs:
                replace(self.folder / job / _PREVIEW, content)

    def result(self, facts: Facts) -> Kept:
        """What a job has made. Raises Refusal when there is nothing: 409 not yet, 410 no more, or its own problem."""
        if not facts.ended:
            text = f"the job is {facts.state}."
            raise Refusal(409, "not-done", text, "ask again later", headers={"Retry-After": "1"})
        if facts.state == "held":
            text = "this waits for a person's review, because it fell short of what is asked of the model."
            raise Refusal(409, "in-review", text, "ask again later", headers={"Retry-After": "60"})
        if facts.state != "done" or facts.media_type is None:
            text = f"the job was {facts.state}, so there is no result."
            raise Refusal(410, facts.state, facts.error["detail"] if facts.error else text, "send it again")
        return Kept(self.folder / facts.id / _RESULT, facts.media_type, facts.headers)

    def held(self) -> list[Facts]:
        """What waits for review, the oldest first."""
        with self._changing:
            return sorted((one for one in self._jobs.values() if one.state == "held"), key=lambda one: one.created)

    def held_one(self, job: str) -> Facts:
        """The facts of a job that waits for review. Raises Refusal: 404 for no job, 409 for one that does not."""
        facts = self.read(job)
        if facts.state != "held":
            raise Refusal(409, "not-held", f"this answer does not wait for review: it is {facts.state}.")
        return facts

    def keep_held(self, job: str, pictures: Mapping[str, bytes], notes: Mapping[str, Any]) -> None:
        """Write what a reviewer looks at. Raises RunError, and Refusal (429) where too much waits already."""
        if len(self.held()) >= self._limits.most_held:
            bound = {"limit": self._limits.most_held}
            raise Refusal(429, "review", "enough answers wait for review already.", "try again later", bound=bound)
        with self._changing:
            self.read(job)
            for name, content in pictures.items():
                replace(self.held_file(job, name), content)
            write_json(self.folder / job / _HELD / _NOTES, dict(notes))

    def held_file(self, job: str, name: str) -> Path:
        """Where an image lies that waits for review."""
        return self.folder / job / _HELD / f"{name}.png"

    def notes(self, job: str) -> dict[str, Any]:
        """What is known of an answer that waits for review. Raises Refusal (404)."""
        try:
            return documents.table(self.folder / job / _HELD / _NOTES)
        except (Unfit, OSError) as error:
            raise Refusal(404, "no-such-job", "no such job is kept here.") from error

    def rewrite(self, job: str, name: str, content: bytes, notes: Mapping[str, Any]) -> None:
        """Replace an image that waits for review. Raises Refusal (409) where that was decided meanwhile, RunError."""
        with self._changing:
            self.held_one(job)
            replace(self.held_file(job, name), content)
            write_json(self.folder / job / _HELD / _NOTES, dict(notes))

    def release(self, facts: Facts, parcel: Parcel | None) -> None:
        """End the review of a job: write the result where it is another one, then its state, and forget what was shown.

        Raises Refusal (409) where it was decided meanwhile, RunError.
        """
        folder = self.folder / facts.id
        with self._changing:
            self.held_one(facts.id)
            if parcel is not None:
                replace(folder / _RESULT, parcel.content)
            self.write(facts)
            shutil.rmtree(folder / _HELD, ignore_errors=True)
            if facts.state == "rejected":
                (folder / _RESULT).unlink(missing_ok=True)
                (folder / _CODE).unlink(missing_ok=True)

    def preview(self, job: str) -> Path:
        """Where the small image is, if there is one."""
        return self.folder / job / _PREVIEW

    def file(self, job: str, served: Served) -> Path:
        """The codes that a projection found. Raises Refusal (404, 422)."""
        facts, path = self.read(job), self.folder / job / _CODE
        if facts.state != "done" or not path.is_file():
            raise Refusal(422, "no-code", f"the job {job} has found no code.", "name a projection that is done")
        if facts.version != served.model.version:
            raise Refusal(422, "other-model", f"the job {job} was done with {facts.model}, {facts.version}.")
        return path

    def remove(self, job: str) -> None:
        """Forget a job and what it made."""
        renamed = self.folder / f"{_GONE}{job}"
        with self._changing:
            self._jobs.pop(job, None)
            with suppress(OSError):
                (self.folder / job).rename(renamed)
        shutil.rmtree(renamed, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what is older, more or larger than is kept: finished jobs only, the oldest first."""
        with self._changing:
            ended = [(datetime.fromisoformat(one.finished), one) for one in self._jobs.values() if one.finished]
            ended.sort(key=lambda pair: pair[0])
            size = sum(one.bytes or 0 for _, one in ended)
            oldest = datetime.fromisoformat(self._now()) - timedelta(hours=self._limits.keep_hours)
            for place, (when, one) in enumerate(ended):
                many = len(ended) - place > self._limits.keep_jobs or size > self._limits.keep_bytes
                if when < oldest or many:
                    self.remove(one.id)
                    size -= one.bytes or 0


def _read(folder: Path) -> Facts | None:
    """What a folder says of its job; None for what no service wrote whole."""
    try:
        facts = Facts.model_validate(documents.table(folder / _FACTS))
        whole = facts.id == folder.name and (facts.ended == (facts.finished is not None))
        if facts.finished is not None and datetime.fromisoformat(facts.finished).tzinfo is None:
            return None
        return facts if whole else None
    except (Unfit, OSError, ValueError, ValidationError):
        return None
