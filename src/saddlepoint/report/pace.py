"""How far long work has come: a bar in place on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from rich import progress
from rich.console import Console

from saddlepoint.report.wording import duration, number

T = TypeVar("T", bound=Sized)
SECONDS = 2.0  # before the first line and between two of them
_shown: list[progress.Progress] = []  # the bar that is on the terminal: work within other work has none of its own


def paced(
    parts: Iterable[T],
    total: int,
    unit: str,
    say: Callable[[str], object] | None = None,
    console: Console | None = None,
) -> Iterator[T]:
    """The parts as they come, each of some of the `total` units; what is done in two seconds says nothing.

    say: is told a line now and then, in place of a bar. console: where the bar appears; by default the standard error,
    and lines where that is no terminal.
    """
    console = console or Console(stderr=True)
    if say is None and console.is_terminal and not console.is_jupyter:
        return _in_place(parts, total, unit, console)
    return _in_lines(parts, total, unit, say or (lambda text: print(text, file=sys.stderr)))


def _in_place(parts: Iterable[T], total: int, unit: str, console: Console) -> Iterator[T]:
    """With a bar that vanishes at the end."""
    if _shown:
        yield from parts
        return
    text = progress.TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.description}")
    columns = (progress.BarColumn(16), text, progress.TimeRemainingColumn())
    start = time.monotonic()
    bar = progress.Progress(*columns, console=console, transient=True)
    task = bar.add_task(unit, total=total)
    _shown.append(bar)
    try:
        for part in parts:
            yield part
            bar.advance(task, len(part))
            if not bar.live.is_started and time.monotonic() - start >= SECONDS:
                bar.start()
    finally:
        bar.stop()
        _shown.clear()


def _in_lines(parts: Iterable[T], total: int, unit: str, say: Callable[[str], object]) -> Iterator[T]:
    start = reported = time.monotonic()
    count = 0
    for part in parts:
        yield part
        count, now = count + len(part), time.monotonic()
        if now - reported >= SECONDS and count < total:
            reported, rate = now, count / (now - start)
            left = duration((total - count) / rate)
            say(f"{count:,} of {total:,} {unit}, {number(float(f'{rate:.3g}'))} a second, {left} left")
