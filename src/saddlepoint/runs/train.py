"""Trains a method on data in a new folder: what `saddlepoint.train` and `saddle train` both call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.runs.assemble import assemble, describe
from saddlepoint.runs.fit import fit
from saddlepoint.runs.folder import agreed_folder, lock, refuse_taken
from saddlepoint.runs.start import start_from
from saddlepoint.runs.trained import Trained
from saddlepoint.storage.whole import write_json


def train(
    method: str,
    data: str | Path = "digits",
    *,
    out: str | Path | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    start: str | Path | None = None,
    **settings: Any,
) -> Trained:
    """Train a method and return its run.

    method: a name that `saddle list` shows. data: see `saddle train METHOD --help`, as for every other setting:
    `train("dcgan", data="photos/", resolution=64, images=500_000)`.
    Ctrl-C ends the run well and returns it. Raises SaddlepointError with one clear sentence when something is wrong.
    """
    flat = {"data": str(data), **settings}
    made = plans.make(method, flat, preset=preset, file=None if config is None else Path(config))
    return train_plan(made, out=_path(out), start=_path(start))


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def train_plan(
    plan: Plan, *, out: Path | None = None, start: Path | None = None, command: str | None = None, quiet: bool = False
) -> Trained:
    """Train a plan in a new folder. Raises RunError when the folder holds a run already."""
    machine = TorchMachine(plan.run.device, plan.run.precision)
    try:
        folder = Folder(agreed_folder(out, plan, machine))
        refuse_taken(folder, machine)
        parts = assemble(plan, folder, machine, quiet=quiet)
        if start is not None:
            start_from(parts.trainer, start)
        facts = {**describe(parts), "command": command, "start": None if start is None else str(start)}
        with lock(folder, machine):
            refuse_taken(folder, machine)  # another process may have begun here meanwhile
            if machine.rank == 0:
                write_json(folder.facts, facts)
            return fit(parts, folder)
    finally:
        machine.close()
