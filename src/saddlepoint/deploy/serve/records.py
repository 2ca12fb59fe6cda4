"""What a service keeps of words and comparisons, in threads of its own: a slow store keeps no image waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, final

from saddlepoint.deploy.serve.experiments import Experiment, Experiments
from saddlepoint.deploy.serve.feedback import Opinions
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.ledger import Ledger
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.shelf import Shelf

T = TypeVar("T")
_SWEPT_EVERY = 3600.0  # seconds


@final
class Records:
    """The kept rows of a service; nothing where `ledger` is None, which refuses all that would be kept."""

    def __init__(self, ledger: Ledger | None, experiments: Sequence[Experiment], journal: Journal) -> None:
        self.ledger, self._journal = ledger, journal
        self._threads = ThreadPoolExecutor(2, "records")
        self._opinions = ledger and Opinions(ledger)
        self._experiments = Experiments(experiments, ledger) if ledger else None

    @property
    def opinions(self) -> Opinions:
        """What people say. Raises Refusal (403) where nothing is kept."""
        if self._opinions is None:
            raise nothing_kept()
        return self._opinions

    @property
    def experiments(self) -> Experiments:
        """The comparisons. Raises Refusal (403) where nothing is kept."""
        if self._experiments is None:
            raise nothing_kept()
        return self._experiments

    async def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Work with the store, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))

    async def routed(self, ask: Any, shelf: Shelf, request: str) -> tuple[Any, str | None]:
        """A request with the version that its unit is to meet, and the experiment that said so, in words for a header.

        A store that is away changes nothing for the client: its arm is the same, and only not counted.
        """
        name = ask.model if ask.model is not None else shelf.served[0].name
        if ask.unit is None or "@" in name or self._experiments is None:
            return ask, None
        experiment = self._experiments.of(name)
        if experiment is None:
            return ask, None
        try:
            arm = await self.do(self._experiments.expose, experiment, ask.unit)
        except Refusal as refusal:
            arm = experiment.arm(ask.unit)
            self._journal.line("not-counted", request, experiment=experiment.name, why=refusal.kind)
        return ask.model_copy(update={"model": arm}), f"{experiment.name}; arm={arm}"

    async def keep(self) -> None:
        """Remove what is older than is kept, now and then, until it is cancelled."""
        while self.ledger is not None:
            await asyncio.sleep(_SWEPT_EVERY)
            try:
                await self.do(self.ledger.sweep)
            except Refusal as refusal:
                self._journal.line("not-swept", why=refusal.kind)

    def close(self) -> None:
        """Leave the store."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self.ledger is not None:
            self.ledger.close()


def nothing_kept() -> Refusal:
    """The refusal of what would have to be kept."""
    return Refusal(403, "keeps-nothing", "this service keeps nothing.", "ask for what is answered at once")
