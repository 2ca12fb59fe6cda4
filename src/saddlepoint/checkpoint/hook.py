"""The hook that saves a run: every so many images, at its end, the last few kept and the best by a chosen figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from saddlepoint.checkpoint import files
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.engine.run import Folder
from saddlepoint.errors import ConfigError


@final
class Checkpoints(Hook):
    """Writes `checkpoints/step-N`. Stands last in the order, so that the log is on the disk before."""

    def __init__(self) -> None:
        self._saved_images = self._saved_step = 0
        self._best: tuple[float, int] | None = None

    def begin(self, run: Run) -> None:
        """Note where the run stands; a resumed run does not save at once."""
        self._saved_images, self._saved_step = run.clock.images, run.clock.step

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Save when the images since the last time are enough."""
        every = run.settings.checkpoint_every
        if run.clock.images // every > self._saved_images // every:
            self._save(run)

    def end(self, run: Run, error: BaseException | None) -> None:
        """Save at a good end, unless that step is saved already."""
        if error is None and run.clock.step > self._saved_step:
            self._save(run)

    def state(self) -> Json:
        """The best figure so far and its step."""
        return {"best": self._best}

    def restore(self, state: Json) -> None:
        """Take the best figure back."""
        self._best = tuple(state["best"]) if state["best"] else None

    def _save(self, run: Run) -> None:
        run.check_finite()
        self._judge(run)
        tensors, facts = run.state()
        if run.main:
            folder = Folder(run.folder)
            if folder.log.exists():
                with files.disk_errors("the log"):
                    files.sync(folder.log)
            files.write(folder.checkpoints, run.clock.step, tensors, facts)
            kept = files.listing(folder.checkpoints)
            best = self._best[1] if self._best else None
            files.retire(old for old in kept[: -run.settings.keep] if files.step_of(old) != best)
        run.machine.barrier()
        self._saved_images, self._saved_step = run.clock.images, run.clock.step

    def _judge(self, run: Run) -> None:
        name = run.settings.best
        if name is None or not run.figures:
            return
        if name not in run.figures:
            raise ConfigError(f"--best {name} is not a figure of this run; there are {', '.join(sorted(run.figures))}.")
        if self._best is None or run.figures[name] < self._best[0]:
            self._best = (run.figures[name], run.clock.step)
