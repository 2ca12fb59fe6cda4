"""Trains a method on data in a new folder: what `saddlepoint.train` and `saddle train` both call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddlepoint import methods
from saddlepoint.config import to_json
from saddlepoint.data.sources.arrays import word_of
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Method
from saddlepoint.runs.assemble import assemble, describe
from saddlepoint.runs.fit import fit
from saddlepoint.runs.folder import agreed_folder, lock, refuse_taken
from saddlepoint.runs.start import start_from
from saddlepoint.runs.trained import Trained
from saddlepoint.storage.whole import write_json


def train(
    method: str | Path | type[Method] | Method,
    data: object = "digits",
    *,
    out: str | Path | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    start: str | Path | None = None,
    hooks: Sequence[Hook] = (),
    **settings: Any,
) -> Trained:
    """Train a method and return its run.

    method: a name that `saddle list` shows, a Method class, an instance of one, or a .py file that holds one.
    data: a path or word, as `saddle train METHOD --help` has it; an array or tensor of images, (images, labels), a
    mapping of fields, a torch data set, or a Dataset: these are copied into the cache once.
    start: a trained run whose weights to start from, or RUN:NAME,NAME for those networks alone.
    hooks: called around each step, after our own and before the log.
    settings: of the run, the data and the method: `train("dcgan", data="photos/", resolution=64, images=500_000)`.
    Ctrl-C ends the run well and returns it. Raises SaddlepointError with one clear sentence when something is wrong.
    """
    name = methods.named(method)
    options: dict[str, Any] = {}
    if isinstance(method, Method):
        options = to_json(method)
        if preset is not None:
            raise ConfigError(f"an instance of {type(method).__name__} has its settings already: leave out preset.")
    flat = {"data": word_of(data, as_path("cache", settings.get("cache"))), **options, **settings}
    plan = plans.make(name, flat, preset=preset, file=as_path("config", config))
    return train_plan(plan, out=as_path("out", out), start=as_path("start", start), hooks=hooks)


def as_path(name: str, value: object) -> Path | None:
    """A path that Python has given as `name`. Raises ConfigError for what is none."""
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise ConfigError(f"{name} cannot be {value!r}: it must be a path.")
    return Path(value)


def train_plan(
    plan: Plan,
    *,
    out: Path | None = None,
    start: Path | None = None,
    command: str | None = None,
    hooks: Sequence[Hook] = (),
    quiet: bool = False,
) -> Trained:
    """Train a plan in a new folder. Raises RunError when the folder holds a run already."""
    machine = TorchMachine(plan.run.device, plan.run.precision)
    try:
        folder = Folder(agreed_folder(out, plan, machine))
        refuse_taken(folder, machine)
        parts = assemble(plan, folder, machine, hooks=hooks, quiet=quiet)
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
