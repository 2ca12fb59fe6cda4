"""The folder of a run: the next free one, and the lock that keeps other processes out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import filelock
import torch

from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.errors import RunError
from saddlepoint.storage.whole import disk_errors


def agreed_folder(out: Path | None, plan: Plan, machine: Machine) -> Path:
    """The run's folder, the same for all processes: the first one chooses."""
    chosen = [out or next_folder(plan)]
    if machine.world > 1:
        torch.distributed.broadcast_object_list(chosen, src=0)
    return chosen[0]


def next_folder(plan: Plan) -> Path:
    """The next free `runs/0001-METHOD-DATA`."""
    runs = Path("runs")
    numbers = [int(path.name[:4]) for path in runs.glob("[0-9][0-9][0-9][0-9]-*")]
    word = "".join(c if c.isalnum() else "-" for c in Path(plan.data.data).stem.lower()).strip("-")
    return runs / f"{max(numbers, default=0) + 1:04d}-{plan.name}-{word}"


def refuse_taken(folder: Folder, machine: Machine) -> None:
    if machine.rank == 0 and folder.facts.exists():
        raise RunError(f"{folder.root} holds a run; `saddle resume {folder.root}`, or choose another --out.")


def lock(folder: Folder, machine: Machine) -> AbstractContextManager[Any]:
    """Hold the run folder against other processes. Raises RunError when one has it or it cannot be written."""
    if machine.rank != 0:
        return nullcontext()
    with disk_errors(str(folder.root)):
        folder.root.mkdir(parents=True, exist_ok=True)
        file_lock = filelock.FileLock(folder.root / ".lock")
        try:
            file_lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"another process is training in {folder.root}; wait for it or stop it.") from error
    return file_lock
