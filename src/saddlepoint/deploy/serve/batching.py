"""Dynamic batching in one process: what several requests ask of one model at nearly the same time is done at once.

Two libraries were tried and left: in async-batcher 0.2.2 a client that goes away while its batch is worked on leaves
its neighbours without an answer; batched 0.1.5 has no bound on what waits, polls while idle and cannot be stopped.
LitServe and the larger servers start processes of their own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.text import counted

Work = Callable[[Hashable, list[Any]], Sequence[Any]]
"""a kind and items of that kind -> a result for each, in one thread; a result depends on its own item alone"""


class _Asked(NamedTuple):
    kind: Hashable
    item: Any
    answer: asyncio.Future[Any]
    since: float


class Batcher:
    """A queue before one model. Must be made and used in one event loop.

    most: items of a batch. wait: seconds that the first of a batch waits for others. room: items that may wait.
    report: is called with the size of each batch.
    """

    def __init__(self, work: Work, *, most: int, wait: float, room: int, report: Callable[[int], object]) -> None:
        self._work, self._most, self._wait, self._room, self._report = work, most, wait, room, report
        self.waiting: deque[_Asked] = deque()
        self._came, self._thread = asyncio.Event(), ThreadPoolExecutor(1, "batch")
        self._task = asyncio.create_task(self._run())

    async def ask(self, kind: Hashable, items: Sequence[Any]) -> list[Any]:
        """The results of items of one kind. Raises Refusal (429) when no more may wait, or what the work raises."""
        if len(self.waiting) + len(items) > self._room:
            text = f"{counted(len(self.waiting), 'image')} wait for this model already."
            bound = {"limit": self._room, "given": len(self.waiting) + len(items)}
            raise Refusal(429, "queue", text, "try again in a moment", bound=bound, headers={"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        requests = [_Asked(kind, item, loop.create_future(), loop.time()) for item in items]
        self.waiting.extend(requests)
        self._came.set()
        try:
            return list(await asyncio.gather(*(one.answer for one in requests)))
        finally:
            for one in requests:
                one.answer.cancel()  # where the client has gone; does nothing to what is done

    def close(self) -> None:
        """End; who still waits gets nothing, and what is under way is left."""
        self._task.cancel()
        for one in self.waiting:
            one.answer.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            if self.waiting and len(self.waiting) < self._most:
                await asyncio.sleep(max(0.0, self.waiting[0].since + self._wait - loop.time()))
            batch = self._take()
            if batch:
                self._report(len(batch))
                await self._answer(batch)

    def _take(self) -> list[_Asked]:
        """The oldest that is still wanted, and those of its kind; the others keep their order."""
        batch: list[_Asked] = []
        others: deque[_Asked] = deque()
        while self.waiting:
            one = self.waiting.popleft()
            if not one.answer.done():
                fits = len(batch) < self._most and (not batch or one.kind == batch[0].kind)
                (batch if fits else others).append(one)
        self.waiting.extend(others)
        if not self.waiting:
            self._came.clear()
        return batch

    async def _answer(self, batch: list[_Asked]) -> None:
        try:
            results = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._work, batch[0].kind, [one.item for one in batch]
            )
        except Exception as error:
            if len(batch) > 1:  # one that fails must not take the others with it
                for one in batch:
                    await self._answer([one])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for one, result in zip(batch, results):
            if not one.answer.done():
                one.answer.set_result(result)
