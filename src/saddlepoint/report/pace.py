"""How far long work has come: a line now and then, with its rate and the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from saddlepoint.report.wording import duration, number

T = TypeVar("T", bound=Sized)
SECONDS = 2.0  # before the first line and between two of them


def paced(
    parts: Iterable[T], total: int, unit: str, say: Callable[[str], object] = lambda text: print(text, file=sys.stderr)
) -> Iterator[T]:
    """The parts as they come, each of some of the `total` units; what is done in two seconds says nothing."""
    begun = said = time.monotonic()
    done = 0
    for part in parts:
        yield part
        done, now = done + len(part), time.monotonic()
        if now - said >= SECONDS and done < total:
            said, rate = now, done / (now - begun)
            left = duration((total - done) / rate)
            say(f"{done:,} of {total:,} {unit}, {number(float(f'{rate:.3g}'))} a second, {left} left")
