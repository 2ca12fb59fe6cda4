"""Batches: who shares one, who waits, and that nobody's trouble is another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Hashable
from typing import Any

import pytest

from saddlepoint.deploy.serve.batching import Batcher
from saddlepoint.deploy.serve.refusal import Refusal


class Work:
    """Doubles numbers; fails at 13; can be held up."""

    def __init__(self) -> None:
        self.batches: list[tuple[Hashable, list[int]]] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, kind: Hashable, items: list[int]) -> list[int]:
        self.free.wait(10)
        self.batches.append((kind, items))
        if 13 in items:
            raise ValueError("thirteen")
        return [2 * item for item in items]


def run(work: Work, body: Any, **settings: Any) -> Any:
    async def whole() -> Any:
        batcher = Batcher(work, **{"most": 4, "wait": 0.02, "room": 100, "report": lambda n: None, **settings})
        try:
            return await asyncio.wait_for(body(batcher), 20)
        finally:
            work.free.set()
            batcher.close()

    return asyncio.run(whole())


def test_what_is_asked_at_nearly_the_same_time_is_done_at_once() -> None:
    work, sizes = Work(), []

    async def body(batcher: Batcher) -> Any:
        return await asyncio.gather(*(batcher.ask("a", [n]) for n in range(10)))

    assert run(work, body, report=sizes.append) == [[2 * n] for n in range(10)]
    assert sizes == [4, 4, 2]


def test_different_kinds_share_no_batch_and_keep_their_order() -> None:
    work = Work()

    async def body(batcher: Batcher) -> Any:
        return await asyncio.gather(*(batcher.ask(kind, [n]) for n, kind in enumerate("abab")))

    assert run(work, body) == [[0], [2], [4], [6]]
    assert work.batches == [("a", [0, 2]), ("b", [1, 3])]


def test_a_client_that_goes_away_leaves_its_neighbours_their_own_answers() -> None:
    work = Work()

    async def body(batcher: Batcher) -> Any:
        work.free.clear()
        asked = [asyncio.create_task(batcher.ask("a", [n])) for n in range(6)]
        await asyncio.sleep(0.1)  # four are worked on, two wait
        asked[1].cancel()
        asked[4].cancel()
        await asyncio.sleep(0.01)
        work.free.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(work, body)
    assert [found[n] for n in (0, 2, 3, 5)] == [[0], [4], [6], [10]]
    assert all(isinstance(found[n], asyncio.CancelledError) for n in (1, 4))
    assert work.batches == [("a", [0, 1, 2, 3]), ("a", [5])]  # what is no longer wanted is not made


def test_an_item_that_fails_takes_no_other_with_it() -> None:
    work = Work()

    async def body(batcher: Batcher) -> Any:
        return await asyncio.gather(*(batcher.ask("a", [n]) for n in (1, 13, 2)), return_exceptions=True)

    found = run(work, body)
    assert (found[0], found[2]) == ([2], [4])
    assert isinstance(found[1], ValueError)


def test_no_more_than_its_room_may_wait() -> None:
    work = Work()

    async def body(batcher: Batcher) -> Any:
        work.free.clear()
        first = asyncio.create_task(batcher.ask("a", [1, 2, 3]))
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="3 images wait") as refused:
            await batcher.ask("a", [4])
        work.free.set()
        assert refused.value.status == 429
        assert refused.value.headers == {"Retry-After": "1"}
        return await first

    assert run(work, body, room=3) == [2, 4, 6]


def test_it_ends_at_once_and_what_waits_gets_nothing() -> None:
    work = Work()

    async def body(batcher: Batcher) -> Any:
        work.free.clear()
        asked = [asyncio.create_task(batcher.ask("a", [n])) for n in range(6)]
        await asyncio.sleep(0.05)
        batcher.close()
        done, _ = await asyncio.wait(asked[4:], timeout=5)  # the first four are being worked on
        return [one.cancelled() for one in done]

    assert run(work, body, wait=0.0) == [True, True]


def test_many_items_of_one_request_come_back_in_order() -> None:
    def body(batcher: Batcher) -> Coroutine[Any, Any, Any]:
        return batcher.ask("a", list(range(11)))

    assert run(Work(), body) == [2 * n for n in range(11)]
