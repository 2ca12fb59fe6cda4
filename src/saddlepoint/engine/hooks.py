"""Hooks: what happens around training without being training. The engine calls them; it imports none of them.

All ranks call all hooks in the order given; writers ask `run.main`. The log comes before the checkpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, final

from torch import Tensor, nn

from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import RunError
from saddlepoint.methods.base import Clock, Method, Networks, Stage

Json = dict[str, Any]


class Run(Protocol):
    """What a hook may read of the run it serves; the Trainer is one."""

    method: Method
    nets: Networks
    average: Networks | None
    """the networks to sample from: averaged where the method averages, live elsewhere; None without averages"""
    settings: RunSettings
    clock: Clock
    """time after the step that has just ended"""
    folder: Path
    main: bool
    machine: Machine
    reporting: bool
    """true on report steps: `figures` are then those of the step that has just ended"""
    figures: dict[str, float]
    """host figures of the last report; a hook may add its own (before the log, which stands late in the order)"""
    unit: str
    """what examples are called in this run: images, points"""
    rate: float
    """multiplies every learning rate; a hook may set it, and sets it again after a restart"""
    resting: frozenset[str]
    """groups whose optimisers do not step and whose hooks are not called; likewise"""

    def state(self) -> tuple[dict[str, Tensor], Json]:
        """What a checkpoint writes: tensors by name, and facts."""
        ...

    def stop(self, reason: str) -> None:
        """End the run after this step, everything saved; agreed over ranks."""
        ...

    def check_finite(self) -> None:
        """Raises DivergedError naming step and term if a loss or a weight is no longer finite."""
        ...

    def note(self, text: str, **facts: Any) -> None:
        """Write a sentence, with its evidence, into the log."""
        ...


class Hook:
    """The base of all hooks: every body is empty."""

    def begin(self, run: Run) -> None:
        """After restore, before the first step."""

    def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """Gradients reduced and unscaled, not yet clipped; parameters keyed "network.path"."""

    def after_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """Stepped; gradients are still there."""

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """A step has ended. `report` holds tensors on the device; read them on `run.reporting` only."""

    def stage(self, run: Run, stage: Stage) -> None:
        """A stage begins."""

    def state(self) -> Json:
        """What must survive a restart; saved with the run."""
        return {}

    def restore(self, state: Json) -> None:
        """Take back what `state` gave."""

    def end(self, run: Run, error: BaseException | None) -> None:
        """The run ends, well or with `error`."""


@final
class Log(Hook):
    """Every figure as a line of `log.jsonl`, with step, examples, seconds and examples a second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        self._begun = self._seconds = self._last_seconds = 0.0
        self._last_examples = 0

    def begin(self, run: Run) -> None:
        """Open the log at its end."""
        self._begun, self._last_examples, self._last_seconds = time.monotonic(), run.clock.examples, self._seconds
        if run.main:
            with self._disk_errors():
                self._file = self.path.open("a", encoding="utf-8")

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """On report steps one line."""
        if not run.reporting:
            return
        now = self._elapsed()
        examples, seconds = run.clock.examples - self._last_examples, now - self._last_seconds
        self._last_examples, self._last_seconds = run.clock.examples, now
        rate = {"seconds": round(now, 3), "examples_per_s": round(examples / max(seconds, 1e-9), 1)}
        self.write({**_when(run.clock), **rate, **run.figures})

    def write(self, line: Json) -> None:
        """One line, at once in the file."""
        if self._file is not None:
            with self._disk_errors():
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()

    def state(self) -> Json:
        """The seconds trained so far."""
        return {"seconds": self._elapsed()}

    def restore(self, state: Json) -> None:
        """Go on counting seconds."""
        self._seconds = state["seconds"]

    def end(self, run: Run, error: BaseException | None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(f"the log {self.path} cannot be written: {error.strerror}.") from error

    def _elapsed(self) -> float:
        return self._seconds + (time.monotonic() - self._begun if self._begun else 0.0)


def _when(clock: Clock) -> Json:
    return {"step": clock.step, "examples": clock.examples, "stage": clock.stage}
