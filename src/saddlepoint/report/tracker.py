"""What every tracker of runs does: figures of each report over steps, and the sample grids as pictures."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.errors import ConfigError


class Tracker(Hook):
    """Sends a run's figures and sample grids to a program that keeps many runs side by side.

    `identity` names the run there; it is kept in checkpoints, so that a resumed run goes on where it was shown before.
    Stands after the hooks that make figures and grids.
    """

    def __init__(self) -> None:
        self.identity: str | None = None
        self._open = False
        self._sent: Path | None = None

    @abstractmethod
    def open(self, run: Run) -> bool:
        """Begin or go on; false where there is nothing to send to."""

    @abstractmethod
    def figures(self, values: Mapping[str, float], step: int) -> None:
        """Send the figures of a step."""

    @abstractmethod
    def picture(self, path: Path, step: int) -> None:
        """Send a sample grid, a PNG."""

    @abstractmethod
    def close(self, failed: bool) -> None:
        """Flush and end."""

    def begin(self, run: Run) -> None:
        """Open, and send the grid of the untrained networks."""
        self._open = run.main and self.open(run)
        self._grid(run)

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """On report steps the figures; a grid wherever one was made."""
        if self._open and run.reporting:
            self.figures(run.figures, run.clock.step)
        self._grid(run)

    def end(self, run: Run, error: BaseException | None) -> None:
        """Send the last grid and close."""
        if self._open:
            self._grid(run)
            self._open = False
            self.close(error is not None)

    def state(self) -> Json:
        """The name of the run where it is kept."""
        return {"identity": self.identity}

    def restore(self, state: Json) -> None:
        """Go on under that name."""
        self.identity = state.get("identity")

    def _grid(self, run: Run) -> None:
        path = run.folder / "samples" / f"step-{run.clock.step:08d}.png"
        if self._open and path != self._sent and path.exists():
            self._sent = path
            self.picture(path, run.clock.step)


def package(name: str) -> Any:
    """An optional package. Raises ConfigError that says how it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(f"--track {name} needs a package that is not installed: pip install {name}.") from None


def pixels(path: Path) -> Any:
    """A PNG as numbers, uint8 [height, width, 3]."""
    import numpy as np

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
