"""Resumes a run from its latest good checkpoint: what `saddlepoint.resume` and `saddle resume` both call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.bundle import read_facts
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError
from saddlepoint.runs.assemble import assemble, say
from saddlepoint.runs.fit import fit
from saddlepoint.runs.folder import lock
from saddlepoint.runs.start import start_from
from saddlepoint.runs.trained import Trained
from saddlepoint.storage.whole import write_json


def resume(root: str | Path, **changes: Any) -> Trained:
    """Go on with a run from its latest good checkpoint, as if it had never stopped.

    changes: run settings that may differ now (images, minutes, accumulate, device).
    Raises CheckpointError when there is nothing to resume or the images are not those it was trained on.
    """
    folder = Folder(Path(root))
    facts = read_facts(folder)
    plan = Plan.read(facts, **changes)
    machine = TorchMachine(plan.run.device, plan.run.precision)
    try:
        with lock(folder, machine):
            torch.set_num_threads(facts["threads"])
            if machine.rank == 0:
                files.clean(folder.checkpoints)
            machine.barrier()
            checkpoint = files.latest(folder.checkpoints, say if machine.rank == 0 else lambda text: None)
            parts = assemble(plan, folder, machine)
            if parts.dataset.fingerprint != facts["dataset"]["fingerprint"]:
                raise CheckpointError(f"the images of {plan.data.data} are not those that {root} was trained on.")
            if machine.rank == 0:
                files.cut_log(folder.log, files.step_of(checkpoint) if checkpoint else -1)
                if changes:
                    write_json(folder.facts, {**facts, **plan.json()})
            if checkpoint:
                parts.trainer.restore(*files.read(checkpoint))
            elif facts["start"]:
                start_from(parts.trainer, Path(facts["start"]))
            return fit(parts, folder)
    finally:
        machine.close()
