"""Jobs: work that is done while nobody waits, seen and cancelled by its identity, and kept on disk when it is done."""

from __future__ import annotations

import asyncio
import secrets
import time
from functools import partial
from typing import Any, final

from PIL import Image

from saddlepoint.deploy.serve import packing, replies, review
from saddlepoint.deploy.serve.bench import Bench, Done
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import MOST_TOGETHER
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.progress import Progress, Stopped
from saddlepoint.deploy.serve.records import nothing_kept
from saddlepoint.deploy.serve.refusal import Refusal, fault, refused, stopping
from saddlepoint.deploy.serve.store import INTERRUPTED, Facts, Kept, Store, now
from saddlepoint.errors import SaddlepointError

_TOGETHER = 2  # jobs that run at once; the others wait
_MOMENT = 2.0  # seconds in which what is cut off writes down that it was


class _Running:
    """A job that is not finished yet, with its place in the event loop.

    kept: done as soon as the job is on disk. size: bytes of its uploads. writing: its first or last line is being
    written, which is not broken off.
    """

    def __init__(self, facts: Facts, progress: Progress, size: int) -> None:
        self.facts, self.progress, self.size, self.begun = facts, progress, size, time.monotonic()
        self.kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.kept.add_done_callback(lambda kept: kept.cancelled() or kept.exception())  # perhaps nobody waits for it
        self.writing = True
        self.task: asyncio.Task[None]

    def stop(self) -> None:
        """End it where it is."""
        self.progress.stop()
        if not self.writing:
            self.task.cancel()


@final
class Jobs:
    """Must be made in the event loop in which it is used."""

    def __init__(self, bench: Bench, store: Store | None, journal: Journal) -> None:
        self._bench, self._kept, self._journal = bench, store, journal
        self._open: dict[str, _Running] = {}
        self._room, self._closing = asyncio.Semaphore(_TOGETHER), False
        bench.codes = store or bench.codes
        bench.monitor.watch("jobs_open", "Jobs that wait or run.", "state", self._states)

    @property
    def _store(self) -> Store:
        """Where jobs are kept. Raises Refusal (403) where nothing is."""
        if self._kept is None:
            raise nothing_kept()
        return self._kept

    def _states(self) -> dict[str, float]:
        states = [one.facts.state for one in self._open.values()]
        return {state: states.count(state) for state in ("waiting", "running")}

    async def begin(self, ask: Any, request: str) -> replies.Job:
        """Put a job into the queue. Raises Refusal for what cannot be done, and when there are too many (429)."""
        if self._kept is None:
            raise nothing_kept()
        served = self._bench.check(ask, ask.task, self._bench.limits.most_job_images)
        files = getattr(ask, "photographs", (getattr(ask, "image", b""), getattr(ask, "reference", None) or b""))
        size = sum(map(len, files))
        self._check_room(size)
        facts = Facts(
            id=secrets.token_hex(16),
            task=ask.task,
            model=served.full_name,
            version=served.model.version,
            created=now(),
            request=request,
        )
        shown = None if self._bench.quality.guards(served.full_name) else partial(self._show, facts.id, ask)
        running = _Running(facts, Progress(shown), size)  # what is to be judged first shows nothing early
        self._open[facts.id] = running  # its place is taken before anything is waited for
        running.task = asyncio.create_task(self._run(running, ask))
        await asyncio.shield(running.kept)
        return self.seen(facts.id)

    async def hold(self, ask: Any, task: str, done: Done, request: str) -> replies.Job:
        """Keep an answer that fell short of its gate for review, as a job that is done otherwise.

        Raises Refusal: 422 where nothing is kept, 429 where enough waits already.
        """
        if self._kept is None:
            short = "; ".join(f"{one.figure} is {one.value:.4g} and not {one.limit:g}" for one in done.shortfalls)
            raise Refusal(422, "quality", f"the answer falls short: {short}.", "ask for it with other settings")
        served = self._bench.shelf.named(ask.model)
        facts = Facts(
            id=secrets.token_hex(16),
            task=task,
            model=served.full_name,
            version=served.model.version,
            state="running",
            created=now(),
            request=request,
        )
        await self._bench.short(self._store.add, facts)
        try:
            changes = await self._bench.short(self._keep, facts.id, ask, done)
        except BaseException:
            await asyncio.to_thread(self._store.remove, facts.id)
            raise
        await self._end(_Running(facts, Progress(), 0), changes)
        return self.seen(facts.id)

    def _keep(self, job: str, ask: Any, done: Done) -> dict[str, Any]:
        """Write what was made, and what of it a person is to look at; the facts that say so."""
        if done.shortfalls:
            pictures = {f"{number:05d}": review.png(one.picture) for number, one in enumerate(done.results)}
            if done.original is not None:
                pictures["given"] = review.png(done.original)
            notes = review.notes_of(ask, done.results, done.columns, done.facts, done.shortfalls)
            self._store.keep_held(job, pictures, notes)
        return {"state": "held" if done.shortfalls else "done", **self._store.keep(job, done.parcel, done.code)}

    def _check_room(self, size: int) -> None:
        limits = self._bench.limits
        if self._closing:
            raise stopping()
        if len(self._open) >= limits.most_jobs:
            text, bound = f"{len(self._open)} jobs wait or run already.", {"limit": limits.most_jobs}
        elif size + sum(one.size for one in self._open.values()) > MOST_TOGETHER * limits.most_bytes:
            text, bound = "the images of the jobs that wait are too many.", {"limit": MOST_TOGETHER * limits.most_bytes}
        else:
            return
        raise Refusal(429, "jobs", text, "wait until some are done", bound=bound, headers={"Retry-After": "5"})

    def seen(self, job: str) -> replies.Job:
        """What is known of a job. Raises Refusal (404)."""
        running, facts = self._open.get(job), self._facts(job)
        state = facts.state
        share = running.progress.share if running else float(state == "done")
        seconds = time.monotonic() - running.begun if running and state == "running" else facts.seconds
        return replies.Job(
            id=job,
            task=facts.task,
            model=facts.model,
            version=facts.version,
            state=state,
            progress=share,
            seconds=round(seconds, 3),
            seconds_left=running.progress.seconds_left if running and state == "running" else None,
            created=facts.created,
            finished=facts.finished,
            preview=self._store.preview(job).is_file(),
            result=f"/v1/jobs/{job}/result" if state == "done" else None,
            bytes=facts.bytes,
            error=facts.error,
        )

    def _facts(self, job: str) -> Facts:
        return self._open[job].facts if job in self._open else self._store.read(job)

    def result(self, job: str) -> Kept:
        """What a job has made. Raises Refusal when there is nothing."""
        return self._store.result(self._facts(job))

    async def preview(self, job: str) -> bytes:
        """Its small image. Raises Refusal (404) when there is none."""
        path = self._store.preview(self._facts(job).id)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            text = "this job shows nothing before it is done."
            raise Refusal(404, "no-preview", text, "ask for its result") from error

    async def cancel(self, job: str) -> replies.Job:
        """End a job that waits or runs; forget one that has ended. Raises Refusal (404)."""
        running = self._open.get(job)
        if running is None:
            facts = self.seen(job)
            await asyncio.to_thread(self._store.remove, job)
            return facts
        running.stop()
        await asyncio.wait([running.task])
        return self.seen(job)

    def close(self) -> None:
        """Take no more; what waits is left as interrupted."""
        self._closing = True
        for running in list(self._open.values()):
            if running.facts.state == "waiting":
                running.stop()

    async def quiet(self) -> None:
        """Wait until none waits or runs."""
        while self._open:
            await asyncio.wait([one.task for one in self._open.values()])

    async def cut(self) -> None:
        """Leave what still runs as interrupted."""
        self.close()
        for running in list(self._open.values()):
            running.stop()
        if self._open:
            await asyncio.wait([one.task for one in self._open.values()], timeout=_MOMENT)

    async def _run(self, running: _Running, ask: Any) -> None:
        """A job from its first line on disk to its last; what ends it is written down, whatever it is."""
        facts, ended = running.facts, {}
        try:
            await asyncio.to_thread(self._store.add, facts)
            running.kept.set_result(None)
            running.writing = False
            if running.progress.stopped:
                raise Stopped
            async with self._room:
                running.facts = facts.model_copy(update={"state": "running"})
                running.begun = time.monotonic()
                upload, reference = getattr(ask, "image", b""), getattr(ask, "reference", None)
                done = await self._bench.do(ask, ask.task, running.progress, upload, reference)
                ended = await self._bench.short(self._keep, facts.id, ask, done)
        except (asyncio.CancelledError, Stopped):
            ended = {"state": "interrupted", "error": INTERRUPTED} if self._closing else {"state": "cancelled"}
        except Exception as error:
            ended = {"state": "failed", "error": self._said(error, facts.request).body(facts.request)}
            if not running.kept.done():
                running.kept.set_exception(fault())
        running.writing = True
        await self._end(running, ended)

    def _said(self, error: Exception, request: str) -> Refusal:
        """What the client is told of an error; what is the service's own fault is told to the log."""
        known = error if isinstance(error, Refusal) else None
        if isinstance(error, SaddlepointError):
            known = refused(error)
        if known is None:
            self._journal.fault(request, error)
        return known or fault()

    async def _end(self, running: _Running, ended: dict[str, Any]) -> None:
        seconds = round(time.monotonic() - running.begun, 3) if running.facts.state == "running" else 0.0
        facts = running.facts.model_copy(update={**ended, "finished": now(), "seconds": seconds})
        try:
            await asyncio.to_thread(self._store.write, facts)
        except Exception as error:  # a full disk must not take the service down
            self._journal.fault(facts.request, error)
        self._open.pop(facts.id, None)
        self._bench.monitor.jobs.labels(facts.task, facts.state).inc()
        summary = {name: getattr(facts, name) for name in ("task", "model", "state", "seconds")}
        self._journal.line("job", facts.request, job=facts.id, **summary)

    def _show(self, job: str, ask: Any, image: Image.Image) -> None:
        """Keep a small image, with its disclosure like every other."""
        small = image.copy()
        small.thumbnail((packing.PREVIEW, packing.PREVIEW), Image.Resampling.LANCZOS)
        picture = Made(small, "modified" if hasattr(ask, "image") else "generated", {**ask.settings(), "preview": True})
        served = self._bench.shelf.named(ask.model)
        self._store.keep_preview(job, packing.file_of(served, ask, picture))
