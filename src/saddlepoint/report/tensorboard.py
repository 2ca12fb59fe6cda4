"""The log's figures and the sample grids as TensorBoard events, for those who like to watch several runs at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from saddlepoint.engine.hooks import Run
from saddlepoint.report.tracker import Tracker, pixels


@final
class TensorBoard(Tracker):
    """Writes every figure of each report, and each sample grid, to `tensorboard/` in the run folder, over steps.

    Without the package tensorboardX (the extra `tensorboard`) it writes nothing; log.jsonl has the same figures.
    A resumed run tells TensorBoard to forget what an earlier process wrote beyond the step that it goes on from.
    """

    def __init__(self) -> None:
        super().__init__()
        self._writer: Any = None

    def open(self, run: Run) -> bool:
        """Open a new file of events."""
        try:
            from tensorboardX import SummaryWriter  # takes a while to import
        except ImportError:
            return False
        purge = run.clock.step + 1 if run.clock.step else None
        self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=purge, flush_secs=10)
        return True

    def figures(self, values: Mapping[str, float], step: int) -> None:
        """One event a figure."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, path: Path, step: int) -> None:
        """One event a grid."""
        self._writer.add_image("samples", pixels(path), step, dataformats="HWC")

    def close(self, failed: bool) -> None:
        """Flush and close."""
        self._writer.close()
