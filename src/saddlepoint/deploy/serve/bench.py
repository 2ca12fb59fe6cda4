"""Where requests are done: each finds its model, passes its bounds, shares the batches, and becomes a parcel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, TypeVar, final

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.remarks import Remark
from saddlepoint.deploy.finish import Finish
from saddlepoint.deploy.serve import (
    completing,
    forward,
    making,
    packing,
    predicting,
    projecting,
    reconstructing,
    rendering,
    schemas,
    scoring,
    translating,
)
from saddlepoint.deploy.serve.batching import Batcher
from saddlepoint.deploy.serve.consent import Detector, check
from saddlepoint.deploy.serve.limits import MOST_TOGETHER, Limits
from saddlepoint.deploy.serve.making import Codes, Made
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.progress import Progress
from saddlepoint.deploy.serve.quality import Quality, Shortfall
from saddlepoint.deploy.serve.refusal import Refusal, over
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.deploy.serve.uploads import picture_of, remarks_in_words
from saddlepoint.deploy.serve.watching import Watch
from saddlepoint.errors import SaddlepointError
from saddlepoint.kinds.image import Image as ImageKind
from saddlepoint.kinds.kind import Kind
from saddlepoint.latent.codes import Code
from saddlepoint.latent.load_image import as_trained

T = TypeVar("T")


@final
@dataclass(frozen=True, eq=False)
class Done:
    """A request that was done.

    results: the images; empty for what is none. original: what was given. shortfalls: what of its gate it does not
    reach. columns, facts: of the parcel, to pack it again.
    """

    parcel: Parcel
    code: Code | None = None
    results: list[Made] = field(default_factory=list)
    original: Image.Image | None = None
    shortfalls: list[Shortfall] = field(default_factory=list)
    columns: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@final
class Bench:
    """Must be made in the event loop in which it is used.

    most: images of a batch. wait: seconds that the first of a batch waits for others. watch: what looks for drift.
    quality: the gates of answers. detector: of faces, whose uploads need a word; None looks for none.
    """

    def __init__(
        self,
        shelf: Shelf,
        limits: Limits,
        monitor: Monitor,
        *,
        most: int,
        wait: float,
        watch: Watch | None = None,
        quality: Quality | None = None,
        detector: Detector | None = None,
    ) -> None:
        self.shelf, self.limits, self.monitor, self._most = shelf, limits, monitor, most
        self._watch, self.quality, self._detector = watch, quality or Quality(), detector
        self.batchers = {
            one.full_name: Batcher(
                partial(forward.forward, one),
                most=most,
                wait=wait,
                room=limits.most_waiting,
                report=monitor.batches.labels(one.full_name).observe,
            )
            for one in shelf.served
        }
        self._short, self._long = ThreadPoolExecutor(4, "short"), ThreadPoolExecutor(MOST_TOGETHER, "long")
        self._decoding = ThreadPoolExecutor(2, "decode")  # of their own: large uploads keep no others waiting
        self._taken, self._loop = 0, asyncio.get_running_loop()
        self.codes = Codes()
        monitor.watch("queue_depth", "Images that wait for a model.", "model", self._waiting)

    def _waiting(self) -> dict[str, float]:
        return {name: len(batcher.waiting) for name, batcher in self.batchers.items()}

    async def answer(
        self, ask: schemas.OfModel, task: str, upload: bytes = b"", reference: bytes | None = None
    ) -> Done:
        """What a client that waits gets. Raises Refusal (408) when it takes too long."""
        self.check(ask, task, self.limits.most_images)
        progress = Progress()
        try:
            async with asyncio.timeout(self.limits.most_seconds):
                return await self.do(ask, task, progress, upload, reference)
        except TimeoutError as error:
            text = f"this took longer than the {self.limits.most_seconds:g} seconds for which a client may wait."
            bound = {"limit": self.limits.most_seconds}
            raise Refusal(408, "time", text, "send it as a job: POST /v1/jobs", bound=bound) from error
        finally:
            progress.stop()

    def check(self, ask: schemas.OfModel, task: str, most_images: int) -> Served:
        """The model of a request that can be done. Raises Refusal."""
        served = self.shelf.find(ask.model)
        if task not in served.tasks:
            mend = f"it can {', '.join(served.tasks)}" if served.tasks else "ask another model"
            raise Refusal(422, "no-such-task", f"{served.full_name} cannot {task}.", mend)
        if making.count(ask) > most_images:
            mend = "ask for fewer" + ("" if most_images > self.limits.most_images else ", or send it as a job")
            raise over(422, "images", most_images, making.count(ask), "images", mend)
        if isinstance(ask, schemas.RenderAsk):
            rendering.check(served, ask)
        if isinstance(ask, schemas.ReconstructSettings):
            reconstructing.check(served, ask)
        if isinstance(ask, schemas.SampleAsk):
            making.conditions(served, ask.given)
        pixels = making.pixels(served, ask)
        if pixels > self.limits.most_made_pixels:
            raise over(422, "pixels", self.limits.most_made_pixels, pixels, "pixels to make", "ask for fewer images")
        making.labelled(served, getattr(ask, "label", None))
        if isinstance(ask, schemas.ProjectSettings) and ask.steps > self.limits.most_steps:
            raise over(422, "steps", self.limits.most_steps, ask.steps, "steps", "ask for fewer")
        return served

    async def do(
        self, ask: schemas.OfModel, task: str, progress: Progress, upload: bytes = b"", reference: bytes | None = None
    ) -> Done:
        """A checked request as a parcel, with the code that a projection found, and what its gate says of it."""
        served, code, columns, original = self.shelf.named(ask.model), None, None, None
        if not isinstance(ask, schemas.Ask):
            return Done(await self._judged(served, ask, upload, task))
        facts: dict[str, Any] = {}
        if isinstance(ask, schemas.TranslateSettings | schemas.ProjectSettings | schemas.CompleteSettings):
            alpha = served.fills and isinstance(ask, schemas.TranslateSettings)
            upload_image, remarks = await self._admitted(served, upload, ask.consent, alpha)
            original = upload_image
            if remarks:
                facts["remarks"] = "; ".join(remarks_in_words(remarks))
            if isinstance(ask, schemas.TranslateSettings):
                results = [await self._translate(served, ask, progress, upload_image, reference)]
            elif isinstance(ask, schemas.CompleteSettings):
                results = await self._complete(served, ask, progress, upload_image, reference)
            else:
                one, code, figures = await self.long(projecting.projected, served, upload_image, ask, progress)
                results, facts = [one], {**figures, **facts}
        elif isinstance(ask, schemas.ReconstructSettings):
            admitted = [await self._admitted(served, one, ask.consent) for one in ask.photographs]
            original = admitted[0][0]
            if remarks := set().union(*(some for _, some in admitted)):
                facts["remarks"] = "; ".join(remarks_in_words(remarks))
            results = await self._reconstruct(served, ask, progress, [picture for picture, _ in admitted])
        elif isinstance(ask, schemas.RenderAsk):
            cameras = await self.short(rendering.cameras, served, ask)
            kind = served.own["render"].gives[ask.output]
            drawn = await self._examples(
                served, ("render", ask.output), cameras, progress, rendering.TOGETHER, kind, image=ask.output != "depth"
            )
            results = [Made(one, "generated", row, value) for (one, value), row in zip(drawn, rendering.rows(ask))]
        else:
            work = await self.short(making.work_for, served, ask, self.codes)
            items = await self.short(work.items)
            main = served.model.spec.main
            drawn = await self._examples(
                served, work.kind, items, progress, self._most, main, image=isinstance(main, ImageKind)
            )
            results = [Made(one, work.made, row, value) for (one, value), row in zip(drawn, work.rows)]
            columns = work.columns
        threads = self._long if upload else self._short  # a watermark takes seconds for each ten megapixels
        packed = partial(packing.pack, served, ask, results, columns, facts)
        parcel = await asyncio.get_running_loop().run_in_executor(threads, packed)
        self.monitor.images.labels(served.full_name, task, results[0].made).inc(len(results))
        shortfalls = []
        if self.quality.guards(served.full_name):
            shortfalls = await self.short(self.quality.shortfalls, served.full_name, results, original)
            self.monitor.held.labels(served.full_name).inc(bool(shortfalls))
        if self._watch and _usual(ask) and self._watch.watches(served, "outputs"):
            await self.short(self._watch.take, served, "outputs", [one.picture for one in results])
        return Done(parcel, code, results, original, shortfalls, columns, facts)

    @property
    def asks_consent(self) -> bool:
        """Whether uploads with a face need a word."""
        return self._detector is not None

    async def _admitted(
        self, served: Served, upload: bytes, consent: bool, alpha: bool = False
    ) -> tuple[Image.Image, set[Remark]]:
        """An upload as a picture, counted and looked at. Raises Refusal, also for a face without a word (403)."""
        picture, remarks = await self._picture(upload, alpha)
        self.monitor.uploads.labels(served.full_name).observe(picture.width * picture.height)
        opaque = picture.convert(picture.mode.removesuffix("A"))
        await self._agreed(opaque, consent)
        if self._watch and self._watch.watches(served, "inputs"):
            await self.short(self._watch.take, served, "inputs", [opaque])
        return picture, remarks

    async def _agreed(self, picture: Image.Image, consent: bool) -> None:
        if self._detector is not None and not consent:
            await self.short(check, self._detector, picture)

    async def _judged(self, served: Served, ask: Any, upload: bytes, task: str) -> Parcel:
        """What a model predicts of an image, or how likely it finds it."""
        picture, remarks = await self._admitted(served, upload, ask.consent)
        image = await self.short(as_trained, served.model, picture)
        values = await self.batchers[served.full_name].ask((task,), [image])
        parcel = scoring.parcel if task == "score" else predicting.parcel
        return await self.short(parcel, served, values[0], remarks_in_words(remarks))

    async def _examples(
        self,
        served: Served,
        batch: Hashable,
        items: list[Any],
        progress: Progress,
        most: int,
        kind: Kind,
        *,
        image: bool,
    ) -> list[tuple[Image.Image, tuple[Kind, Tensor] | None]]:
        """What becomes of codes or cameras, `most` at a time, so that a large request leaves room for others.

        Pictures of images; of another kind its drawings, each with the example itself.
        """
        results: list[tuple[Image.Image, tuple[Kind, Tensor] | None]] = []
        for first in range(0, len(items), most):
            outputs = await self.batchers[served.full_name].ask(batch, items[first : first + most])
            for value in outputs:
                if isinstance(value, SaddlepointError):
                    raise value
            if image:
                results += [(picture, None) for picture in await self.short(making.pictured, outputs)]
            else:
                results += [(await self.short(kind.drawing, value), (kind, value)) for value in outputs]
            if first == 0 and progress.wants_preview:
                await self.short(progress.show, results[0][0])
            progress.at(len(results) / len(items))
        return results

    async def _complete(
        self,
        served: Served,
        ask: schemas.CompleteSettings,
        progress: Progress,
        image: Image.Image,
        mask: bytes | None,
    ) -> list[Made]:
        drawn = None if mask is None else (await self._picture(mask))[0]
        items, main = await self.short(completing.items, served, image, drawn, ask), served.model.spec.main
        kind = ("complete", ask.temperature)
        pictures = await self._examples(served, kind, items, progress, self._most, main, image=True)
        return [Made(one, "modified", row) for (one, _), row in zip(pictures, completing.rows(served, ask))]

    async def _reconstruct(
        self,
        served: Served,
        ask: schemas.ReconstructSettings,
        progress: Progress,
        photographs: list[Image.Image],
    ) -> list[Made]:
        items = await self.short(reconstructing.items, served, photographs, ask)
        kind = served.own["render"].gives[ask.output]
        drawn = await self._examples(
            served, ("reconstruct", ask.output), items, progress, rendering.TOGETHER, kind, image=ask.output != "depth"
        )
        rows = reconstructing.rows(ask)
        return [Made(one, "modified", row, value) for (one, value), row in zip(drawn, rows)]

    async def _translate(
        self,
        served: Served,
        ask: schemas.TranslateSettings,
        progress: Progress,
        image: Image.Image,
        reference: bytes | None,
    ) -> Made:
        loop, batcher = asyncio.get_running_loop(), self.batchers[served.full_name]

        def together(kind: Hashable, items: list[Any]) -> list[Any]:
            """Called in a worker thread."""
            outputs: list[Any] = []
            for first in range(0, len(items), self._most):
                request = batcher.ask(kind, items[first : first + self._most])
                outputs += asyncio.run_coroutine_threadsafe(request, loop).result()
            return outputs

        most = self.limits.most_pixels
        manner = None if reference is None else (await self._picture(reference))[0]
        if manner is not None:
            await self._agreed(manner, ask.consent)
        return await self.long(translating.translate, served, image, manner, ask, together, progress, most)

    async def warm(self, served: Served) -> None:
        """Make one image, so that the first client does not wait for what is done once."""
        batcher = self.batchers[served.full_name]
        if "sample" in served.tasks:
            work = await self.short(making.work_for, served, schemas.SampleAsk(), self.codes)
            await batcher.ask(work.kind, work.items())
        elif "translate" in served.tasks:
            assert served.source is not None
            await batcher.ask(("translate", served.model.origin(), 0), [torch.zeros(served.source.shape)])
        elif "render" in served.tasks:
            await batcher.ask(
                ("render", "image"), await self.short(rendering.cameras, served, schemas.RenderAsk(orbit=1))
            )
        elif "reconstruct" in served.tasks:
            await batcher.ask(("reconstruct", "image"), await self.short(reconstructing.example, served))
        elif "predict" in served.tasks:
            await batcher.ask(("predict",), [torch.zeros(served.model.spec.shape)])

    async def _picture(self, upload: bytes, alpha: bool = False) -> tuple[Image.Image, set[Remark]]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoding, picture_of, upload, self.limits, alpha)

    async def short(self, work: Callable[..., T], *arguments: Any) -> T:
        """Work of some milliseconds, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._short, partial(work, *arguments))

    async def long(self, work: Callable[..., T], *arguments: Any) -> T:
        """Work of seconds or minutes, in a thread of its own. Raises Refusal (429) when there are too many of them."""
        if self._taken >= MOST_TOGETHER:
            text, bound = "enough translations and projections are under way already.", {"limit": MOST_TOGETHER}
            raise Refusal(429, "queue", text, "try again, or send a job", bound=bound, headers={"Retry-After": "2"})
        self._taken += 1
        future = self._long.submit(work, *arguments)
        future.add_done_callback(self._given_back)  # of the thread: a client that goes away does not free it
        return await asyncio.wrap_future(future)

    def _given_back(self, future: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._give_back)

    def _give_back(self) -> None:
        self._taken -= 1

    def close(self) -> None:
        """End; what is still under way is left, its threads end by themselves."""
        for batcher in self.batchers.values():
            batcher.close()
        for threads in (self._long, self._short, self._decoding):
            threads.shutdown(wait=False, cancel_futures=True)


def _usual(ask: schemas.Ask) -> bool:
    """Whether its images should look like those of a baseline: samples and translations with nothing set apart."""
    if ask.preview:
        return False
    if isinstance(ask, schemas.SampleAsk):
        return ask.truncation == 1
    return (
        isinstance(ask, schemas.TranslateSettings)
        and not Finish(**{one.name: getattr(ask, one.name) for one in fields(Finish)}).settings
    )
