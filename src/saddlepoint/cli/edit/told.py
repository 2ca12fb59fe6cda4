"""What a search says of itself: its rate and the time left, every few seconds; Ctrl-C keeps what was found."""

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


class Told:
    """A `Progress` that prints to the standard error, so that the output stays for results.

    unit: what is counted. total: how many; the share that it is told says how far the whole is.
    """

    def __init__(self, unit: str, total: int) -> None:
        self._unit, self._total = unit, total
        self._said = time.monotonic()
        self._first: tuple[float, int, float] | None = None

    def __call__(self, done: int, share: float, loss: float) -> None:
        now = time.monotonic()
        if self._first is None:  # the first step is slow: counting begins after it
            self._first = (now, done, share)
        begun, before, behind = self._first
        if now - self._said < _QUIET or now - begun < 1 or share <= behind:
            return
        self._said = now
        rate = number(float(f"{(done - before) / (now - begun):.3g}"))
        left = duration((now - begun) * (1 - share) / (share - behind))
        line = f"{done:,} of {self._total:,} {self._unit}, {rate} a second, {left} left  loss {number(loss)}"
        print(line, file=sys.stderr, flush=True)


@contextmanager
def keeping() -> Iterator[Stop]:
    """A `Stop` that the first Ctrl-C sets, so that what was found by then is kept; the second ends at once."""
    asked: list[bool] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping; what was found so far is kept. Ctrl-C again ends at once.", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
