"""Jobs: the same requests, done while nobody waits; asked after, looked at early, cancelled, fetched later."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any, final

from PIL import Image

from saddlepoint.deploy.serve import packing, schemas
from saddlepoint.deploy.serve.bench import Bench
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.progress import Progress, Stopped
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.store import INTERRUPTED, Store, now
from saddlepoint.errors import SaddlepointError

_TOGETHER = 2  # jobs that run at once; the others wait


class _Running:
    """A job that is not finished yet, with its place in the event loop."""

    def __init__(self, facts: dict[str, Any], progress: Progress) -> None:
        self.facts, self.progress, self.begun = facts, progress, time.monotonic()
        self.task: asyncio.Task[None] | None = None


@final
class Jobs:
    """Must be made in the event loop in which it is used."""

    def __init__(self, bench: Bench, store: Store, journal: Journal) -> None:
        self._bench, self._store, self._journal = bench, store, journal
        self._open: dict[str, _Running] = {}
        self._room, self._closing = asyncio.Semaphore(_TOGETHER), False
        bench.codes = store
        bench.monitor.watch("jobs_open", "Jobs that wait or run.", "state", self._states)

    def _states(self) -> dict[str, float]:
        states = [one.facts["state"] for one in self._open.values()]
        return {state: states.count(state) for state in ("waiting", "running")}

    async def begin(self, ask: Any, request: str) -> schemas.Job:
        """Put a job into the queue. Raises Refusal for what cannot be done, and when there are too many (429)."""
        served = self._bench.check(ask, ask.task, self._bench.limits.most_job_images)
        if len(self._open) >= self._bench.limits.most_jobs:
            text = f"{len(self._open)} jobs wait or run already."
            bound = {"limit": self._bench.limits.most_jobs}
            raise Refusal(429, "jobs", text, "wait until some are done", bound=bound, headers={"Retry-After": "5"})
        facts = {
            "id": secrets.token_hex(16),
            "task": ask.task,
            "model": served.full_name,
            "version": served.model.version,
            "state": "waiting",
            "created": now(),
            "finished": None,
            "seconds": 0.0,
            "error": None,
            "request": request,
        }
        running = _Running(facts, Progress(lambda image: self._show(running, ask, image)))
        await self._bench.short(self._store.sweep)
        await self._bench.short(self._store.write, facts)
        self._open[facts["id"]] = running
        running.task = asyncio.create_task(self._run(running, ask))
        return self.seen(facts["id"])

    def seen(self, job: str) -> schemas.Job:
        """What is known of a job. Raises Refusal (404)."""
        running = self._open.get(job)
        facts = running.facts if running else self._store.read(job)
        state = facts["state"]
        share = running.progress.share if running else float(state == "done")
        seconds = time.monotonic() - running.begun if running and state == "running" else facts["seconds"]
        return schemas.Job(
            id=job,
            task=facts["task"],
            model=facts["model"],
            version=facts["version"],
            state=state,
            progress=share,
            seconds=round(seconds, 3),
            seconds_left=running.progress.seconds_left if running and state == "running" else None,
            created=facts["created"],
            finished=facts["finished"],
            preview=self._store.preview(facts) is not None,
            result=f"/v1/jobs/{job}/result" if state == "done" else None,
            bytes=facts.get("bytes"),
            error=facts["error"],
        )

    def result(self, job: str) -> Parcel:
        """What a job has made. Raises Refusal when there is nothing."""
        running = self._open.get(job)
        return self._store.result(running.facts if running else self._store.read(job))

    def preview(self, job: str) -> bytes:
        """Its small image. Raises Refusal (404) when there is none."""
        running = self._open.get(job)
        content = self._store.preview(running.facts if running else self._store.read(job))
        if content is None:
            raise Refusal(404, "no-preview", "this job shows nothing before it is done.", "ask for its result")
        return content

    async def cancel(self, job: str) -> schemas.Job:
        """End a job that waits or runs; forget one that has ended. Raises Refusal (404)."""
        running = self._open.get(job)
        if running is None:
            seen = self.seen(job)
            await self._bench.short(self._store.remove, job)
            return seen
        running.progress.stop()
        assert running.task is not None
        running.task.cancel()
        await asyncio.wait([running.task])
        return self.seen(job)

    async def close(self) -> None:
        """Let what runs finish; what waits is left as interrupted."""
        self._closing = True
        for running in list(self._open.values()):
            assert running.task is not None
            if running.facts["state"] == "waiting":
                running.task.cancel()
        while self._open:
            await asyncio.wait([one.task for one in self._open.values() if one.task])
        self._store.close()

    async def _run(self, running: _Running, ask: Any) -> None:
        facts, ended = running.facts, {}
        try:
            async with self._room:
                running.facts["state"], running.begun = "running", time.monotonic()
                upload, reference = getattr(ask, "image", b""), getattr(ask, "reference", None)
                parcel, code = await self._bench.do(ask, ask.task, running.progress, upload, reference)
                ended = {"state": "done", **await self._bench.short(self._store.keep, facts["id"], parcel, code)}
        except (asyncio.CancelledError, Stopped):
            ended = {"state": "interrupted", "error": INTERRUPTED} if self._closing else {"state": "cancelled"}
        except Refusal as refusal:
            ended = {"state": "failed", "error": refusal.body(facts["request"])}
        except SaddlepointError as error:
            ended = {"state": "failed", "error": Refusal(422, "cannot-be-done", str(error)).body(facts["request"])}
        except Exception as error:
            self._journal.fault(facts["request"], error)
            fault = Refusal(500, "fault", "the service failed at this; its log says why.")
            ended = {"state": "failed", "error": fault.body(facts["request"])}
        seconds = round(time.monotonic() - running.begun, 3) if facts["state"] == "running" else 0.0
        facts.update(ended, finished=now(), seconds=seconds)
        try:
            self._store.write(facts)
        except SaddlepointError as error:  # a full disk must not take the service down
            self._journal.fault(facts["request"], error)
        self._open.pop(facts["id"], None)
        self._bench.monitor.jobs.labels(facts["task"], facts["state"]).inc()
        self._journal.line(
            "job", facts["request"], job=facts["id"], **{k: facts[k] for k in ("task", "model", "state", "seconds")}
        )

    def _show(self, running: _Running, ask: Any, image: Image.Image) -> None:
        """Keep a small image, with its disclosure like every other."""
        small = image.copy()
        small.thumbnail((packing.PREVIEW, packing.PREVIEW), Image.Resampling.LANCZOS)
        made = Made(small, "modified" if hasattr(ask, "image") else "generated", {**ask.settings(), "preview": True})
        served = self._bench.shelf.find(ask.model)
        self._store.keep_preview(running.facts["id"], packing.file_of(served, ask, made))
