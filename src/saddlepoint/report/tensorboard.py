"""The log's figures as TensorBoard events, for those who like to watch several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from torch import Tensor

from saddlepoint.engine.hooks import Hook, Run


@final
class TensorBoard(Hook):
    """Writes every figure of each report to `tensorboard/` in the run folder, over steps.

    Without the package tensorboardX (the extra `tensorboard`) it writes nothing; log.jsonl has the same figures.
    A resumed run tells TensorBoard to forget what an earlier process wrote beyond the step that it goes on from.
    """

    def __init__(self) -> None:
        self._writer: Any = None

    def begin(self, run: Run) -> None:
        """Open a new file of events."""
        if run.main:
            try:
                from tensorboardX import SummaryWriter  # takes a while to import
            except ImportError:
                return
            purge = run.clock.step + 1 if run.clock.step else None
            self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=purge, flush_secs=10)

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """On report steps, one event a figure."""
        if self._writer is not None and run.reporting:
            for name, value in run.figures.items():
                self._writer.add_scalar(name, value, run.clock.step)

    def end(self, run: Run, error: BaseException | None) -> None:
        """Flush and close."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
