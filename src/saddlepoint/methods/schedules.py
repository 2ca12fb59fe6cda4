"""Time in a run, and numbers that follow it: the clock, schedules, and rates that a buffer holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Clock:
    """Time in a run, at the beginning of a step.

    step: optimiser rounds done.
    examples: examples shown so far (images, rays, rows of a table), over all ranks and micro-batches.
    fresh: examples that this step shows.
    total: examples that the run is planned for.
    stage: index of the stage; stage_examples: examples shown within it.
    """

    spellings: ClassVar[Mapping[str, str]] = {"images": "examples", "stage_images": "stage_examples"}
    """words of earlier releases"""

    step: int = 0
    examples: int = 0
    fresh: int = 0
    total: int = 0
    stage: int = 0
    stage_examples: int = 0

    def every(self, steps: int) -> bool:
        """True on steps 0, n, 2n, ...: for lazy terms."""
        return self.step % steps == 0


Schedule = Callable[[Clock], float]
"""a number as a pure function of time, such as `Cosine`: what is resumed finds it where it was"""


@dataclass(frozen=True)
class Cosine:
    """From `start` to `end` along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts).

    examples: after which `end` is reached and stays; None for the whole planned run.
    """

    start: float
    end: float
    examples: int | None = None

    def __call__(self, clock: Clock) -> float:
        share = min(clock.examples / max(self.examples or clock.total, 1), 1.0)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class Linear:
    """`start` for a share `after` of the planned run, then in a line to `end` at its end.

    after: in [0, 1]; 1 for no change at all. Source: Zhu et al. 2017, arXiv:1703.10593, section 4.
    """

    start: float
    end: float = 0.0
    after: float = 0.0

    def __call__(self, clock: Clock) -> float:
        left = max(clock.total, 1) * (1 - self.after)
        share = (clock.examples - max(clock.total, 1) * self.after) / left if left else 0.0
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class Step:
    """`start`, and after every `examples` the `factor` of what it was: a staircase."""

    start: float
    examples: int
    factor: float = 0.1

    def __call__(self, clock: Clock) -> float:
        return self.start * self.factor ** (clock.examples // self.examples)


@dataclass(frozen=True)
class WarmUp:
    """In a line from 0 over the first `share` of the planned run to what `then` says, which goes on from there.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 5.3.
    """

    then: float | Schedule
    share: float

    def __call__(self, clock: Clock) -> float:
        span = self.share * max(clock.total, 1)
        reached = min((clock.examples + clock.fresh) / span, 1.0) if span else 1.0
        return at(self.then, clock) * reached


@dataclass(frozen=True)
class Held:
    """A learning rate that a buffer holds and `after_step` moves, so that it follows a figure; checkpoints keep it.

    buffer: "network.buffer" in `Networks`, or the name of a network whose one buffer it is, such as a `Number`.
    """

    buffer: str


Rate = float | Schedule | Held
"""a learning rate: constant, a function of time, or a buffer"""


def at(value: float | Schedule, clock: Clock) -> float:
    """What a number is at `clock`, be it constant or scheduled."""
    return value(clock) if callable(value) else value
