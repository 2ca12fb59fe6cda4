"""Trains an assembled run to its end, goes back where it diverged, and writes its page."""

from __future__ import annotations

from saddlepoint.checkpoint import files
from saddlepoint.engine.run import Folder
from saddlepoint.errors import DivergedError, OutOfMemory
from saddlepoint.report.page import write_report
from saddlepoint.runs.assemble import AssembledRun
from saddlepoint.runs.health_inputs import go_back
from saddlepoint.runs.trained import Trained


def fit(parts: AssembledRun, folder: Folder) -> Trained:
    trainer = parts.trainer
    try:
        ended = trainer.fit()
    except DivergedError as error:
        if go_back(trainer, folder, error):
            return fit(parts, folder)
        good = files.latest(folder.checkpoints)
        last = f"The last good checkpoint is {good}." if good else "No checkpoint had been written."
        raise DivergedError(f"{error} {last} Lower the learning rate or clip the gradients (--clip-norm 1).") from error
    except OutOfMemory as error:
        good = files.latest(folder.checkpoints)
        more = f" --accumulate {error.accumulate}" if error.accumulate else ""
        last = f" The checkpoint {good} is kept: saddle resume {folder.root}{more}" if good else ""
        raise OutOfMemory(f"{error}{last}", error.accumulate) from error
    if parts.machine.rank == 0:
        write_report(folder.root)
    parts.machine.barrier()
    return Trained(folder.root, ended, trainer.clock.examples, folder.root / "report.html", parts.trainer.main)
