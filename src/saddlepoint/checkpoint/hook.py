"""The hook that saves a run: every so many images, at its end, the last few kept and the best by a chosen figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from saddlepoint.checkpoint import files
from saddlepoint.config import nearest
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.engine.run import DISTANCES, Folder
from saddlepoint.errors import ConfigError
from saddlepoint.storage.whole import disk_errors, sync


@final
class Checkpoints(Hook):
    """Writes `checkpoints/step-N`. Stands last in the order, so that the log is on the disk before."""

    def __init__(self, configuration: Json | None = None) -> None:
        """configuration: what the run is (see `facts.configuration_of`); kept in each checkpoint."""
        self._configuration = configuration
        self._saved_examples = self._saved_step = 0
        self._figure: float | None = None
        self._best: tuple[float, int] | None = None

    def begin(self, run: Run) -> None:
        """Note where the run stands; a resumed run does not save at once."""
        self._saved_examples, self._saved_step = run.clock.examples, run.clock.step

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Save when the examples since the last time are enough, and at once when a score is better than ever."""
        self._look(run)
        every = run.settings.checkpoint_every
        if run.clock.examples // every > self._saved_examples // every or self._is_best_score(run):
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
            kept = files.listing(folder.checkpoints)
            best = self._best[1] if self._best else None
            files.retire(old for old in kept[: -run.settings.keep_checkpoints] if files.step_of(old) != best)
        run.machine.barrier()
        self._saved_examples, self._saved_step = run.clock.examples, run.clock.step

    def _look(self, run: Run) -> None:
        """Note the chosen figure; a name that the first report does not have is refused before any work is lost.

        A score is of one moment: it counts for a checkpoint of that very step alone.
        """
        name = watched(run)
        if name is None or not run.reporting:
            return
        scored = name.startswith("score/")
        if run.clock.step == 1 and name not in run.figures and not scored:
            known = ", ".join(sorted(run.figures))
            raise ConfigError(f"--best {name} is no figure of this run{nearest(name, run.figures)} There are {known}.")
        self._figure = run.figures.get(name, None if scored else self._figure)

    def _is_best_score(self, run: Run) -> bool:
        name = watched(run)
        if name is None or not name.startswith("score/") or not run.reporting or self._figure is None:
            return False
        return self._best is None or self._figure < self._best[0]


def watched(run: Run) -> str | None:
    """The figure whose lowest value marks the best checkpoint; None for none."""
    distances = [f"score/{name}" for name in run.settings.score if name in DISTANCES]
    return run.settings.best or (distances[0] if distances else None)
