"""Trains a method for a given time of one processor thread, which other work on the machine takes nothing from."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import Folder
from saddlepoint.runs.assemble import assemble, describe

ENDLESS = 100_000_000
"""images that no run here reaches"""
TRIED = 0.1
"""share of the time in which it is first measured how many images the whole is good for"""


@final
class ProcessorTime(Hook):
    """Ends a run after so many seconds of this process's own processor time.

    images: shown so far. taken: seconds so far.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.images, self.taken, self._begun = seconds, 0, 0.0, 0.0

    def begin(self, run: Run) -> None:
        """Start the clock."""
        self._begun = time.process_time()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Look at it."""
        self.images, self.taken = run.clock.examples, time.process_time() - self._begun
        if self.taken > self.seconds:
            run.stop("the time is over")


@dataclass(frozen=True)
class Trained:
    """A trained model, how many images it was shown, and the seconds that this took."""

    model: Model
    images: int
    seconds: float

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds


def trained(name: str, flat: Mapping[str, Any], seconds: float, *, scheduled: bool = False) -> Trained:
    """A method trained in float32 for so many seconds; nothing is kept on disk.

    flat: its settings, and those of data and run. scheduled: rates follow the whole run, so that its length in images
    must be known: a shorter run finds it, whose time does not count.
    """
    images = ENDLESS
    if scheduled:
        images = int(trained(name, flat, TRIED * seconds).rate * seconds)
    plan = plans.make(name, {**flat, "images": images, "precision": "float32"})
    watch = ProcessorTime(seconds)
    with tempfile.TemporaryDirectory() as nowhere:
        parts = assemble(plan, Folder(Path(nowhere)), TorchMachine("cpu", "float32"), quiet=True)
        parts.trainer.hooks[:] = [watch]
        parts.trainer.fit()
        trainer, facts = parts.trainer, describe(parts)
    nets = (trainer.average or trainer.nets).eval()
    plan.method.set_phase(nets, trainer.clock)
    model = Model(plan.method, nets, trainer.data.spec, facts, trainer.clock, Path(nowhere))
    return Trained(model, watch.images, watch.taken)
