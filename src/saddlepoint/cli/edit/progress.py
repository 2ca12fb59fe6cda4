"""Progress of a search on the standard error: its rate and the time left; Ctrl-C keeps the result so far."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from saddlepoint.latent.descend import Stop
from saddlepoint.report.wording import duration, number

_QUIET = 5.0  # seconds between two lines


class StderrProgress:
    """A `Progress` that prints a line to the standard error every few seconds, so that the output stays for results.

    unit: word for what is counted. total: expected count; the `share` of each call, in [0, 1], is the overall progress.
    """

    def __init__(self, unit: str, total: int) -> None:
        self._unit, self._total = unit, total
        self._said = time.monotonic()
        self._first: tuple[float, int, float] | None = None

    def __call__(self, count: int, share: float, loss: float) -> None:
        now = time.monotonic()
        if self._first is None:  # the first step is slow: counting begins after it
            self._first = (now, count, share)
        start, before, behind = self._first
        if now - self._said < _QUIET or now - start < 1 or share <= behind:
            return
        self._said = now
        rate = number(float(f"{(count - before) / (now - start):.3g}"))
        left = duration((now - start) * (1 - share) / (share - behind))
        line = f"{count:,} of {self._total:,} {self._unit}, {rate} a second, {left} left  loss {number(loss)}"
        print(line, file=sys.stderr, flush=True)


@contextmanager
def keeping() -> Iterator[Stop]:
    """A `Stop` that the first Ctrl-C sets, so that the result so far is kept; the second ends at once."""
    requests: list[bool] = []

    def stop(number: int, frame: FrameType | None) -> None:
        requests.append(True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping; the result so far is kept. Press Ctrl-C again to end at once.", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(requests)
    finally:
        signal.signal(signal.SIGINT, before)
