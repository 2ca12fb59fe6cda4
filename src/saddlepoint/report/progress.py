"""Progress of a run: one live line on a terminal, one bar in a notebook, elsewhere a plain line every ten seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import final

from rich import progress
from rich.console import Console
from rich.table import Column
from torch import Tensor

from saddlepoint.engine.health import Health
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.report.notebook import Bar
from saddlepoint.report.wording import duration, number
from saddlepoint.text import counted

SECONDS = 10.0  # between two plain lines
REFRESH = 0.25  # between two changes of the live line
NOTEBOOK = 1.0  # between two changes of a notebook's bar


@final
class Progress(Hook):
    """Says how many examples were seen, in their own word, how fast, with which losses, and how long it will take.

    console: where to; by default the process's output. In a file or a pipe there are no control characters.
    health: whose newest trouble the line shows.
    """

    def __init__(self, console: Console | None = None, health: Health | None = None) -> None:
        self.console, self._health = console or Console(), health
        self._live: progress.Progress | None = None
        self._bar: Bar | None = None
        self._task = progress.TaskID(0)
        self._times: deque[tuple[float, int]] = deque(maxlen=40)
        self._begun = self._said = 0.0
        self._first = 0

    def begin(self, run: Run) -> None:
        """Start counting; the live line appears."""
        self._begun = self._said = time.monotonic()
        self._first = run.clock.examples
        self._times.append((self._begun, self._first))
        if run.main and self.console.is_jupyter:
            self._bar = Bar(run.settings.examples)
        elif run.main and self.console.is_terminal:
            rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)  # a narrow window cuts figures, not the bar
            text = progress.TextColumn("{task.description}", table_column=rest)
            bar = progress.BarColumn(16, table_column=Column(width=16))
            self._live = progress.Progress(bar, text, console=self.console, transient=True, expand=True)
            self._task = self._live.add_task("", total=run.settings.examples, completed=run.clock.examples)
            self._live.start()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Say it again when it is time; reads nothing back from the device."""
        now = time.monotonic()
        if not run.main or now - self._said < (REFRESH if self._live else NOTEBOOK if self._bar else SECONDS):
            return
        self._said = now
        self._times.append((now, run.clock.examples))
        if self._live is not None:
            self._live.update(self._task, completed=run.clock.examples, description=self._line(run, now))
        elif self._bar is not None:
            self._bar.show(run.clock.examples, self._line(run, now))
        else:
            self._print(self._line(run, now))

    def end(self, run: Run, error: BaseException | None) -> None:
        """Take the live line away and say what was done."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if run.main:
            spent = duration(time.monotonic() - self._begun)
            line = f"{counted(run.clock.examples - self._first, run.unit.removesuffix('s'))} seen in {spent}" + (
                ", then an error." if error else "."
            )
            if self._bar is not None:
                self._bar.show(run.clock.examples, line)
                self._bar = None
            else:
                self._print(line)

    def _line(self, run: Run, now: float) -> str:
        (then, before), shown = self._times[0], run.clock.examples
        rate = (shown - before) / max(now - then, 1e-9)
        left = (run.settings.examples - shown) / max(rate, 1e-9)
        if run.settings.minutes is not None:
            left = min(left, 60 * run.settings.minutes - (now - self._begun))
        total, left = run.settings.examples, max(left, 0)
        parts = [f"{shown:,} of {total:,} {run.unit}, {number(float(f'{rate:.3g}'))} a second, {duration(left)} left"]
        parts += [f"! {trouble}" for trouble in self._health.troubles[-1:]] if self._health else []
        return "  ".join(parts + [f"{name} {number(value)}" for name, value in leading(run.figures).items()])

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def leading(figures: Mapping[str, float]) -> dict[str, float]:
    """The figures that fit into a line: the first two of each group, four at most."""
    chosen: dict[str, float] = {}
    for name, value in figures.items():
        group = name.split("/")[0]
        if group != "health" and len(chosen) < 4 and sum(other.split("/")[0] == group for other in chosen) < 2:
            chosen[name] = value
    return chosen
