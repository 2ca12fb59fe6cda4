"""Jobs on disk: a folder each, with its state and its result, so that neither a kill nor a restart loses what is done.

The result is written before the state that says so, both in one piece. Uploads are not kept.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

import filelock

from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.making import Codes
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import RunError
from saddlepoint.latent.codes import Code, save_code
from saddlepoint.storage.whole import disk_errors, replace, sync, write_json

_ID = re.compile(r"[0-9a-f]{32}")
_FACTS, _RESULT, _PREVIEW, _CODE = "job.json", "result", "preview", "code.safetensors"
_ENDED = ("done", "failed", "cancelled", "interrupted")
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


@final
class Store(Codes):
    """The jobs of one service. Raises RunError when another service has the folder."""

    def __init__(self, folder: Path, limits: Limits, clock: Callable[[], str] = now) -> None:
        self.folder, self._limits, self._now = folder, limits, clock
        with disk_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = filelock.FileLock(folder / ".lock")
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"another service keeps its jobs in {folder}; say --jobs FOLDER.") from error
        for facts in list(self._all()):
            if facts["state"] not in _ENDED:
                self.write({**facts, "state": "interrupted", "finished": self._now(), "error": INTERRUPTED})
        self.sweep()

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.release()

    def read(self, job: str) -> dict[str, Any]:
        """The facts of a job. Raises Refusal (404) for one that is not there, or no longer."""
        try:
            if _ID.fullmatch(job):
                facts: dict[str, Any] = json.loads((self.folder / job / _FACTS).read_text(encoding="utf-8"))
                return facts
        except (OSError, ValueError):
            pass
        hours = f"finished jobs are kept for {self._limits.keep_hours:g} hours"
        raise Refusal(404, "no-such-job", "no such job is kept here.", hours)

    def write(self, facts: dict[str, Any]) -> None:
        """The facts of a job, whole or not at all."""
        write_json(self.folder / facts["id"] / _FACTS, facts)

    def keep(self, job: str, parcel: Parcel, code: Code | None) -> dict[str, Any]:
        """Write a result, and return the facts that point to it."""
        folder = self.folder / job
        replace(folder / _RESULT, parcel.content)
        with disk_errors(str(folder)):
            sync(folder / _RESULT)
        if code is not None:
            save_code(code, folder / _CODE, {"job": job})
        size = sum(path.stat().st_size for path in folder.iterdir())
        return {"media_type": parcel.media_type, "headers": dict(parcel.headers), "bytes": size}

    def keep_preview(self, job: str, content: bytes) -> None:
        """Write the small image of a job that goes on."""
        replace(self.folder / job / _PREVIEW, content)

    def result(self, facts: dict[str, Any]) -> Parcel:
        """What a job has made. Raises Refusal when there is nothing: 409 not yet, 410 no more, or its own problem."""
        if facts["state"] in ("waiting", "running"):
            raise Refusal(
                409, "not-done", f"the job is {facts['state']}.", "ask again later", headers={"Retry-After": "1"}
            )
        if facts["state"] != "done":
            text = f"the job was {facts['state']}, so there is no result."
            raise Refusal(410, facts["state"], facts["error"]["detail"] if facts["error"] else text, "send it again")
        content = self._bytes(facts["id"], _RESULT)
        if content is None:
            raise Refusal(410, "gone", "the result of this job is no longer there.", "send it again")
        return Parcel(content, facts["media_type"], facts["headers"])

    def preview(self, facts: dict[str, Any]) -> bytes | None:
        """The small image, where there is one."""
        return self._bytes(facts["id"], _PREVIEW)

    def file(self, job: str, served: Served) -> Path:
        """The codes that a projection found. Raises Refusal (404, 422)."""
        facts, path = self.read(job), self.folder / job / _CODE
        if not path.is_file():
            raise Refusal(422, "no-code", f"the job {job} has found no code.", "name a projection that is done")
        if facts["version"] != served.model.version:
            raise Refusal(422, "other-model", f"the job {job} was done with {facts['model']}, {facts['version']}.")
        return path

    def remove(self, job: str) -> None:
        """Forget a job and what it made."""
        gone = self.folder / f".gone-{job}"
        with suppress(OSError):
            (self.folder / job).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what is older, more or larger than is kept: finished jobs only, the oldest first."""
        for left in self.folder.glob(".gone-*"):
            shutil.rmtree(left, ignore_errors=True)
        ended = sorted((one for one in self._all() if one["state"] in _ENDED), key=lambda one: one["finished"])
        size = sum(one.get("bytes") or 0 for one in ended)
        oldest = datetime.fromisoformat(self._now()) - timedelta(hours=self._limits.keep_hours)
        for place, one in enumerate(ended):
            late = datetime.fromisoformat(one["finished"]) < oldest
            if late or len(ended) - place > self._limits.keep_jobs or size > self._limits.keep_bytes:
                self.remove(one["id"])
                size -= one.get("bytes") or 0

    def _bytes(self, job: str, name: str) -> bytes | None:
        try:
            return (self.folder / job / name).read_bytes()
        except OSError:
            return None

    def _all(self) -> Iterator[dict[str, Any]]:
        for folder in self.folder.iterdir():
            if _ID.fullmatch(folder.name):
                try:
                    yield self.read(folder.name)
                except Refusal:  # a folder that was made and not written to before a kill
                    shutil.rmtree(folder, ignore_errors=True)
