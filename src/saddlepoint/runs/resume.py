"""Resumes a run from its latest good checkpoint: what `saddlepoint.resume` and `saddle resume` both call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import torch

from saddlepoint import methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.facts import check_unchanged, clock_of, read_facts
from saddlepoint.checkpoint.find import means_best
from saddlepoint.config import Threads, checked
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import anchored
from saddlepoint.data.sources.arrays import word_of
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import CheckpointError, ConfigError, DataError, RunError
from saddlepoint.methods.base import Held, Method, at
from saddlepoint.runs.assemble import assemble, opened, say
from saddlepoint.runs.fit import fit
from saddlepoint.runs.folder import lock
from saddlepoint.runs.start import start_from
from saddlepoint.runs.trained import Trained
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import set_aside, write_json


def resume(
    root: str | Path,
    *,
    data: object = None,
    method: str | Path | type[Method] | Method | None = None,
    hooks: Sequence[Hook] = (),
    from_start: bool = False,
    **changes: Any,
) -> Trained:
    """Resume a run from its latest good checkpoint, as if it had never stopped.

    data: where the data of the run lies now, if it has moved; its fingerprint must be the same.
    method: the class or the .py file of a method that is in no package. hooks: as in `train`.
    from_start: begin the run anew; its log and checkpoints are kept under other names.
    changes: run settings that may differ now (examples, minutes, accumulate, device).
    Raises CheckpointError when no good checkpoint is left of a run that had some, when run.json is not what they were
    made with, and when the data is not that which it was trained on.
    """
    folder = Folder(Path(root))
    if means_best(folder.root):
        run = folder.root.parent
        raise CheckpointError(
            f"a run goes on from its latest checkpoint: give {run}, or begin a new one from its best with"
            f" saddle train {read_facts(Folder(run))['method']} --from {root}."
        )
    if method is not None:
        methods.named(method)
    facts = read_facts(folder)
    plan = Plan.read(facts, **changes)
    if data is not None:
        plan = replace(plan, data=replace(plan.data, data=word_of(data, plan.data.cache)))
    machine = TorchMachine(plan.run.device, plan.run.precision)
    try:
        with lock(folder, machine):
            with judged(folder.facts, RunError):
                threads = checked("threads", facts.get("threads", torch.get_num_threads()), Threads)
            torch.set_num_threads(threads)
            if machine.rank == 0:
                files.clean(folder.checkpoints)
            machine.barrier()
            tell = say if machine.rank == 0 else lambda text: None
            checkpoint = None if from_start else files.latest(folder.checkpoints, tell)
            if checkpoint is not None:
                tensors, saved = files.read(checkpoint, checked=True)
                _check(saved, facts, folder, plan)
            elif not from_start:
                _check_nothing_lost(folder)
            parts = assemble(plan, folder, machine, _opened(plan, folder.root, facts, tell), hooks=hooks)
            if machine.rank == 0:
                if from_start:
                    set_aside(folder.log)
                    set_aside(folder.checkpoints)
                files.cut_log(folder.log, files.step_of(checkpoint) if checkpoint else -1)
                if changes or data is not None:
                    write_json(folder.facts, {**facts, **replace(plan, data=anchored(plan.data)).json()})
            if checkpoint:
                with judged(f"the checkpoint {checkpoint}", CheckpointError):
                    parts.trainer.restore(tensors, saved)
                planned = facts["run"].get("examples", plan.run.examples)
                for remark in _remarks(parts.trainer, folder.root, planned):
                    tell(remark)
                    if parts.trainer.clock.examples < parts.trainer.clock.total:  # a finished run has nothing to log
                        parts.trainer.hooks.append(_Note(remark))
            elif facts.get("start"):
                start_from(parts.trainer, Path(facts["start"]))
            return fit(parts, folder)
    finally:
        machine.close()


def _check(saved: Mapping[str, Any], facts: Mapping[str, Any], folder: Folder, plan: Plan) -> None:
    """Raises CheckpointError for a `run.json` that was edited, ConfigError for an end that lies behind the run."""
    with judged(folder.facts, CheckpointError):
        check_unchanged(saved.get(files.CONFIGURATION), facts, folder.facts)
        shown = clock_of(saved.get("clock"), plan.method).examples
    if plan.run.examples < shown and plan.run.examples != facts["run"].get("examples"):
        raise ConfigError(
            f"{folder.root} has shown {shown:,} images already, so it cannot end at {plan.run.examples:,}: give more"
            " --examples, or leave it out."
        )


def _check_nothing_lost(folder: Folder) -> None:
    """Raises CheckpointError where checkpoints had been written and none is left that is good."""
    if folder.saved.exists() or files.listing(folder.checkpoints):
        raise CheckpointError(
            f"{folder.root} has no good checkpoint left, so it cannot go on from where it was; nothing was changed. Put"
            f" {folder.checkpoints.name} back from a copy, or begin the run anew: saddle resume {folder.root}"
            " --from-start (its log is kept under another name)."
        )


def _opened(plan: Plan, root: Path, facts: Mapping[str, Any], tell: Callable[[str], None]) -> Dataset:
    """The very data that the run was trained on. Raises CheckpointError where it has moved or changed."""
    moved = f"If it lies elsewhere now: saddle resume {root} --data PATH"
    try:
        dataset = opened(plan, tell)
    except (ConfigError, DataError) as error:
        raise CheckpointError(f"the data of {root} cannot be opened: {error} {moved}") from error
    if dataset.fingerprint != facts["dataset"]["fingerprint"]:
        raise CheckpointError(f"the images of {plan.data.data} are not those that {root} was trained on. {moved}")
    return dataset


def _remarks(trainer: Trainer, root: Path, planned: int) -> list[str]:
    """What a person should know who resumes a run that was planned for `planned` examples: nothing, as a rule."""
    clock, word = trainer.clock, trainer.unit
    if clock.examples >= clock.total:
        more = f"saddle resume {root} --examples {clock.examples * 2}"
        return [f"{root} is finished: it has seen all of its {clock.examples:,} {word}. To train it further: {more}"]
    remarks = []
    for name, group in trainer.groups.items():
        rate = getattr(group.spec, "lr", None)
        if rate is None or isinstance(rate, Held):
            continue
        before, now = at(rate, replace(clock, total=planned)), at(rate, clock)
        if before != now:
            remarks.append(
                f"the learning rate of {name} is {now:.3g} from here, where the plan of {planned:,} {word} had"
                f" {before:.3g}: its schedule is stretched over {clock.total:,}."
            )
    return remarks


@final
class _Note(Hook):
    """Writes a sentence into the log when the run begins."""

    def __init__(self, text: str) -> None:
        self.text = text

    def begin(self, run: Run) -> None:
        """The log is open by now: it stands earlier among the hooks."""
        run.note(self.text)
