"""What a run leaves behind when it ends: where it lies, why it ended and what to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

import numpy as np
import torch

from saddlepoint import methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.facts import read_facts
from saddlepoint.checkpoint.find import BEST, best_checkpoint
from saddlepoint.checkpoint.hook import watched
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.methods.tasks import knows
from saddlepoint.report.history import figure, table
from saddlepoint.report.notebook import card
from saddlepoint.text import counted


@final
@dataclass(frozen=True)
class Trained:
    """A run that has ended.

    folder: where everything of it lies. ended: why, in a word or two ("done", "interrupted").
    images: how many were shown. report: its page. main: whether this process is the first of its run, or the only one.
    """

    folder: Path
    ended: str
    images: int
    report: Path
    main: bool = True

    def model(self, device: str | torch.device = "cpu") -> Model:
        """The trained model."""
        return load(self.folder, device=device)

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Every figure of the log over the run, float64 [reports], beside "examples" and "step".

        A figure that some reports lack is not a number there: `pandas.DataFrame(run.history)` is a frame.
        """
        return table(Folder(self.folder).log)

    def plot(self) -> Any:
        """The curves of the players and of the scores, as a figure of matplotlib.

        Raises ConfigError where matplotlib is not installed.
        """
        return figure(self.history, str(self.folder))

    def _repr_html_(self) -> str:
        """In a notebook: the newest samples, the curves of the players, and a link to the report."""
        outcome = "done" if self.ended == "done" else f"stopped ({self.ended})"
        return card(
            self.folder, f"{outcome} after {counted(self.images, 'image')}, in {self.folder}.", _address(self.report)
        )

    def summary(self) -> str:
        """What happened and what to do next, in a few lines."""
        grids = sorted(Folder(self.folder).samples.glob("*.png"))
        how = "Trained" if self.ended == "done" else f"Stopped ({self.ended})"
        lines = [f"{how} after {counted(self.images, 'image')}."]
        lines += [f"  samples  {grids[-1]}"] if grids else []
        lines += [f"  report   {self.report}"]
        if self.ended != "done":
            lines += [f"  resume   saddle resume {self.folder}"]
        facts = read_facts(Folder(self.folder))
        method, best = methods.load(facts["method"]), self._better(facts)
        lines += [f"  best     {self.folder / BEST}: {best}"] if best else []
        use = next((use for word, use in _USES.items() if knows(method, word)), None)
        model = self.folder / BEST if best else self.folder
        lines += [f"  next     saddle {use.format(model) if use else f'report {self.folder}'}"]
        return "\n".join(lines)

    def _better(self, facts: Mapping[str, Any]) -> str:
        """What an earlier checkpoint has of the watched figure, where the run ended worse; else nothing."""
        name = watched(Plan.read(facts).run)
        best = best_checkpoint(self.folder) if name else None
        if name is None or best is None or best[0] == files.listing(Folder(self.folder).checkpoints)[-1]:
            return ""
        return f"step {files.step_of(best[0]):,}, where {name.removeprefix('score/')} was {best[1]:.4g}, its lowest"


_USES: dict[str, str] = {
    "translate": "translate {} IN OUT",
    "generate": "sample {} -n 64 --seed 1",
    "rebuild": "render {} --image PHOTO",
    "render": "render {}",
    "predict": "predict {} IMAGES",
    "embed": "embed {} FOLDER",
    "encode": "embed {} FOLDER",
}
"""what is done first with a model, by what it can do"""


def _address(path: Path) -> str:
    """A path as a notebook opens it: relative to where its kernel works, which is where the notebook lies."""
    try:
        return quote(path.resolve().relative_to(Path.cwd()).as_posix())
    except ValueError:
        return path.resolve().as_uri()
