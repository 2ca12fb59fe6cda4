"""A run's figures and sample grids in Weights & Biases (https://wandb.ai), through its own package."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from saddlepoint.engine.hooks import Run
from saddlepoint.report import page
from saddlepoint.report.tracker import Tracker, package


@final
class WeightsAndBiases(Tracker):
    """Sends to the project `project`, under the name of the run's folder. Account, server and offline mode are those
    that `wandb login` and the variables of wandb set.

    more: further arguments of `wandb.init`. Raises ConfigError where the package wandb is not installed.
    """

    def __init__(self, project: str = "saddlepoint", **more: Any) -> None:
        super().__init__()
        self.project, self._more = project, more
        self._run: Any = None
        self._wandb = package("wandb")

    def open(self, run: Run) -> bool:
        """Begin a run there, or go on with it."""
        self.identity = self.identity or uuid.uuid4().hex
        facts = page.read_json(run.folder / "run.json")
        kept: dict[str, Any] = {"project": self.project, "name": run.folder.resolve().name, "dir": str(run.folder)}
        self._run = self._wandb.init(**{**kept, "id": self.identity, "resume": "allow", "config": facts, **self._more})
        return True

    def figures(self, values: Mapping[str, float], step: int) -> None:
        """One line of figures."""
        self._run.log(dict(values), step=step)

    def picture(self, path: Path, step: int) -> None:
        """One image."""
        self._run.log({"samples": self._wandb.Image(str(path))}, step=step)

    def close(self, failed: bool) -> None:
        """Send what is left, and say how it ended."""
        self._run.finish(exit_code=int(failed))
