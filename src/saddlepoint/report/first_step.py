"""Says what a run will cost where its first step is long, before a person has waited for hours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import final

from torch import Tensor

from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.report.wording import duration
from saddlepoint.text import counted

LONG = 10.0
"""seconds from which a step is long"""


@final
class FirstStep(Hook):
    """One sentence while a long first step goes on, and one with its cost when it has ended.

    say: is told them; the first from another thread. mend: what lowers the cost, in the end of a sentence.
    """

    def __init__(self, say: Callable[[str], object], mend: str, long: float = LONG) -> None:
        self._say, self._mend, self._long = say, mend, long
        self._timer: threading.Timer | None = None
        self._begun = 0.0

    def begin(self, run: Run) -> None:
        """The first step begins; compiling makes it long without saying anything of the others."""
        if not run.main or run.settings.compile:
            return
        self._begun = time.monotonic()
        words = (
            f"the first step is taking more than {duration(self._long)}: {self._cost(run, self._long, 'more than ')}"
        )
        self._timer = threading.Timer(self._long, self._say, [words])
        self._timer.daemon = True
        self._timer.start()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """The first one has ended; the others say nothing."""
        if self._timer is None:
            return
        self._stop()
        seconds = time.monotonic() - self._begun
        if seconds >= self._long:
            where = "processor" if run.machine.device.type == "cpu" else run.machine.device.type
            self._say(f"a step takes about {duration(seconds)} on this {where}: {self._cost(run, seconds)}")

    def end(self, run: Run, error: BaseException | None) -> None:
        """Nothing more is said."""
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cost(self, run: Run, seconds: float, more: str = "") -> str:
        return f"{cost(run.settings.examples - run.clock.examples, run.settings.batch, seconds, more)}; {self._mend}."


def cost(examples: int, batch: int, seconds: float, more: str = "") -> str:
    """How long a run takes: "3,125 steps are 34 h 43 min". seconds: of a step. more: stands before the time."""
    steps = -(-max(examples, 0) // batch)
    return f"{counted(steps, 'step')} are {more}{duration(steps * seconds)}"
