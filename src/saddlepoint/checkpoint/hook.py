"""The hook that saves a run: every so many examples or minutes, and at its end; it keeps the last few and the best."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from saddlepoint.checkpoint import files
from saddlepoint.config import nearest
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.engine.run import DISTANCES, Folder, RunSettings
from saddlepoint.errors import ConfigError
from saddlepoint.storage.whole import disk_errors, sync

FIRST_AFTER = 90.0
"""seconds of training after which a new run is saved for the first time, however few examples it has seen"""
AT_LEAST_EVERY = 600.0
"""seconds between two checkpoints, at most"""


@final
class Checkpoints(Hook):
    """Writes `checkpoints/step-N`. Stands last in the order, so that the log is on the disk before."""

    def __init__(self, configuration: Json | None = None) -> None:
        """configuration: what the run is (see `facts.configuration_of`); kept in each checkpoint."""
        self._configuration = configuration
        self._saved_examples = self._saved_step = 0
        self._saved_at = 0.0
        self._wait = FIRST_AFTER
        self._figure: float | None = None
        self._best: tuple[float, int] | None = None

    def begin(self, run: Run) -> None:
        """Note where the run stands; a resumed run does not save at once."""
        self._saved_examples, self._saved_step = run.clock.examples, run.clock.step
        self._saved_at = time.monotonic()
        self._wait = FIRST_AFTER if run.clock.step == 0 else AT_LEAST_EVERY

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Save when the examples or the minutes since the last time are enough, and at once at a score's best."""
        self._look(run)
        every = run.settings.checkpoint_every
        enough = run.clock.examples // every > self._saved_examples // every
        if enough or self._is_best_score(run) or self._is_long_ago(run):
            self._save(run)

    def end(self, run: Run, error: BaseException | None) -> None:
        """Save at a good end, unless that step is saved already."""
        if error is None and run.clock.step > self._saved_step:
            self._save(run)

    def state(self) -> Json:
        """The best figure of a checkpoint so far, and its step."""
        return {"best": self._best}

    def restore(self, state: Json) -> None:
        """Take the best figure back."""
        self._best = tuple(state["best"]) if state["best"] else None

    def _save(self, run: Run) -> None:
        run.check_finite()
        if self._figure is not None and (self._best is None or self._figure < self._best[0]):
            self._best = (self._figure, run.clock.step)
        tensors, facts = run.state()
        if run.main:
            folder = Folder(run.folder)
            if folder.log.exists():
                with disk_errors("the log"):
                    sync(folder.log)
            if self._configuration is not None:
                facts = {**facts, files.CONFIGURATION: self._configuration}
            files.write(folder.checkpoints, run.clock.step, tensors, facts)
            folder.saved.touch()
            present = files.listing(folder.checkpoints)
            best = self._best[1] if self._best else None
            files.retire(old for old in present[: -run.settings.keep_checkpoints] if files.step_of(old) != best)
        run.machine.barrier()
        self._saved_examples, self._saved_step = run.clock.examples, run.clock.step
        self._saved_at, self._wait = time.monotonic(), AT_LEAST_EVERY

    def _is_long_ago(self, run: Run) -> bool:
        """Whether the last checkpoint is so old that a crash would cost minutes; several processes agree on it."""
        late = time.monotonic() - self._saved_at > self._wait
        if run.machine.world == 1:
            return late
        if not run.reporting:
            return False
        votes = torch.tensor([float(late)], device=run.machine.device)
        run.machine.sum_(votes)
        return bool(votes.item())

    def _look(self, run: Run) -> None:
        """Note the chosen figure; a name that the first report does not have is refused before any work is lost.

        A score is of one moment: it counts for a checkpoint of that very step alone.
        """
        name = watched(run.settings)
        if name is None or not run.reporting:
            return
        scored = name.startswith("score/")
        if run.clock.step == 1 and name not in run.figures and not scored:
            known = ", ".join(sorted(run.figures))
            raise ConfigError(f"--best {name} is no figure of this run{nearest(name, run.figures)} There are {known}.")
        figure = run.figures.get(name, None if scored else self._figure)
        self._figure = figure if figure is not None and math.isfinite(figure) else None

    def _is_best_score(self, run: Run) -> bool:
        name = watched(run.settings)
        if name is None or not name.startswith("score/") or not run.reporting or self._figure is None:
            return False
        return self._best is None or self._figure < self._best[0]


def watched(settings: RunSettings) -> str | None:
    """The figure whose lowest value marks the best checkpoint; None for none."""
    distances = [f"score/{name}" for name in settings.score if name in DISTANCES]
    return settings.best or (distances[0] if distances else None)
