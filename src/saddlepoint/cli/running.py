"""Puts a run together: data, networks, engine, checkpoints and report. The only place that knows them all."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import filelock
import numpy as np
import torch

from saddlepoint import __version__, methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.bundle import Model, find_checkpoint, load, read_facts, spec_of
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.cli.plan import Plan
from saddlepoint.cli.watching import go_back, watchers
from saddlepoint.data.batches import Batch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import open_data
from saddlepoint.engine.distributed import Machine, TorchMachine
from saddlepoint.engine.hooks import Hook, Log
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer, load_networks, under
from saddlepoint.errors import CheckpointError, ConfigError, DivergedError, OutOfMemory, RunError
from saddlepoint.keyed import key
from saddlepoint.methods.abilities import Translates
from saddlepoint.report.page import write_report
from saddlepoint.report.progress import Progress
from saddlepoint.report.samples import SampleGrids
from saddlepoint.report.tensorboard import TensorBoard


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

    def summary(self) -> str:
        """What happened and what to do next, in a few lines."""
        grids = sorted(Folder(self.folder).samples.glob("*.png"))
        how = "Trained" if self.ended == "done" else f"Stopped ({self.ended})"
        lines = [f"{how} after {self.images:,} images."]
        lines += [f"  samples  {grids[-1]}"] if grids else []
        lines += [f"  report   {self.report}"]
        if self.ended != "done":
            lines += [f"  go on    saddle resume {self.folder}"]
        translates = isinstance(methods.load(read_facts(Folder(self.folder))["method"]), Translates)
        use = "translate {} IN OUT" if translates else "sample {} -n 64 --seed 1"
        lines += [f"  more     saddle {use.format(self.folder)}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Parts:
    """A run put together but not begun."""

    plan: Plan
    dataset: Dataset
    held_out: Any
    trainer: Trainer
    machine: Machine


def train_plan(
    plan: Plan, *, out: Path | None = None, start: Path | None = None, command: str | None = None, quiet: bool = False
) -> Trained:
    """Train a plan in a new folder. Raises RunError when the folder holds a run already."""
    machine = TorchMachine(plan.run.device, plan.run.precision)
    try:
        folder = Folder(_agreed(out, plan, machine))
        _refuse_taken(folder, machine)
        parts = assemble(plan, folder, machine, quiet=quiet)
        if start is not None:
            _start_from(parts.trainer, start)
        facts = {**describe(parts), "command": command, "start": None if start is None else str(start)}
        with lock(folder, machine):
            _refuse_taken(folder, machine)  # another process may have begun here meanwhile
            if machine.rank == 0:
                files.write_json(folder.facts, facts)
            return _fit(parts, folder)
    finally:
        machine.close()


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
            checkpoint = files.latest(folder.checkpoints, _say if machine.rank == 0 else lambda text: None)
            parts = assemble(plan, folder, machine)
            if parts.dataset.fingerprint != facts["dataset"]["fingerprint"]:
                raise CheckpointError(f"the images of {plan.data.data} are not those that {root} was trained on.")
            if machine.rank == 0:
                files.cut_log(folder.log, files.step_of(checkpoint) if checkpoint else -1)
                if changes:
                    files.write_json(folder.facts, {**facts, **plan.json()})
            if checkpoint:
                parts.trainer.restore(*files.read(checkpoint))
            elif facts["start"]:
                _start_from(parts.trainer, Path(facts["start"]))
            return _fit(parts, folder)
    finally:
        machine.close()


def assemble(plan: Plan, folder: Folder, machine: Machine, *, quiet: bool = False) -> Parts:
    """Open the data and build networks, engine and hooks; nothing is written but the cache of packed images."""
    if plan.run.threads is not None:
        torch.set_num_threads(plan.run.threads)
    say: Callable[[str], None] = _say if machine.rank == 0 and not quiet else lambda text: None
    dataset = open_data(plan.data, say=say)
    for text in _treatment(dataset):
        say(text)
    train, held_out = dataset.split(plan.data.held_out)
    shown = {name: getattr(plan.data, name) for name in ("flip", "jitter", "balanced", "labels_per_class")}
    loader = Loader(dataset, plan.method.takes, train, seed=plan.run.seed, device=machine.device, **shown)
    torch.manual_seed(key(plan.run.seed, "networks"))
    nets = plan.method.networks(loader.spec)
    hooks = _hooks(plan, folder, loader, held_out, quiet=quiet)
    trainer = Trainer(plan.method, nets, loader, plan.run, machine, folder.root, hooks)
    return Parts(plan, dataset, held_out, trainer, machine)


def _hooks(plan: Plan, folder: Folder, loader: Loader, held_out: np.ndarray, *, quiet: bool) -> list[Hook]:
    health, rescue = watchers(folder, loader, held_out)
    hooks: list[Hook] = [] if quiet else [Progress(health=health)]
    hooks += [SampleGrids(loader.dataset.images, _to_translate(plan, loader, held_out)), health, rescue]
    if plan.run.score:
        hooks.append(_scores(plan, loader.dataset, loader.device))
    return [*hooks, TensorBoard(), Log(folder.log), Checkpoints()]


def _to_translate(plan: Plan, loader: Loader, held_out: np.ndarray) -> Batch | None:
    """What the grids of a translator show: held-out images where there are any, of each class where there are some."""
    if not isinstance(plan.method, Translates):
        return None
    labels = loader.dataset.labels
    for rows in (held_out, loader.rows):
        groups = [rows] if labels is None else [rows[labels[rows] == label] for label in np.unique(labels)]
        if all(map(len, groups)):
            break
    return loader.look(np.concatenate([group[: plan.run.samples] for group in groups]), changed=False)


def _scores(plan: Plan, dataset: Dataset, device: torch.device) -> Hook:
    """Scored against all images; imported here, since most runs need no metrics."""
    from saddlepoint.cli.scoring import extractor_for
    from saddlepoint.metrics.hook import Scores

    if dataset.images.ndim != 4:
        raise ConfigError(f"{dataset.source} has points, which --score does not measure; `saddle prove` does.")
    return Scores(plan.run.score, lambda: extractor_for(dataset, device=device), dataset.images)


def _fit(parts: Parts, folder: Folder) -> Trained:
    trainer = parts.trainer
    try:
        ended = trainer.fit()
    except DivergedError as error:
        if go_back(trainer, folder, error):
            return _fit(parts, folder)
        good = files.latest(folder.checkpoints)
        last = f"The last good checkpoint is {good}." if good else "No checkpoint had been written."
        raise DivergedError(f"{error} {last} Lower the learning rate or clip the gradients (--clip 1).") from error
    except OutOfMemory as error:
        good = files.latest(folder.checkpoints)
        more = f" --accumulate {error.accumulate}" if error.accumulate else ""
        last = f" The checkpoint {good} is kept: saddle resume {folder.root}{more}" if good else ""
        raise OutOfMemory(f"{error}{last}", error.accumulate) from error
    if parts.machine.rank == 0:
        write_report(folder.root)
    parts.machine.barrier()
    return Trained(folder.root, ended, trainer.clock.images, folder.root / "report.html", parts.trainer.main)


def describe(parts: Parts) -> dict[str, Any]:
    """What `run.json` holds: the plan, the data as it was found, the networks, the machine and its versions."""
    data, trainer = parts.dataset, parts.trainer
    return {
        **parts.plan.json(),
        "dataset": {
            "source": data.source,
            "shape": list(trainer.data.spec.shape),
            "classes": list(data.classes),
            "attributes": list(data.attributes),
            "images": trainer.data.spec.images,
            "held_out": len(parts.held_out),
            "fingerprint": data.fingerprint,
            "notes": list(data.notes),
            "skipped": [list(pair) for pair in data.skipped],
        },
        "networks": {
            name: {"parameters": sum(p.numel() for p in network.parameters()), "class": type(network).__name__}
            for name, network in trainer.nets.named_children()
        },
        "versions": {
            "saddlepoint": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
        },
        "threads": torch.get_num_threads(),
        "processes": parts.machine.world,
        "device": str(parts.machine.device),
        "precision": parts.machine.precision,
    }


def next_folder(plan: Plan) -> Path:
    """The next free `runs/0001-METHOD-DATA`."""
    runs = Path("runs")
    taken = [int(path.name[:4]) for path in runs.glob("[0-9][0-9][0-9][0-9]-*")]
    word = "".join(c if c.isalnum() else "-" for c in Path(plan.data.data).stem.lower()).strip("-")
    return runs / f"{max(taken, default=0) + 1:04d}-{plan.name}-{word}"


def lock(folder: Folder, machine: Machine) -> AbstractContextManager[Any]:
    """Hold the run folder against other processes. Raises RunError when one has it or it cannot be written."""
    if machine.rank != 0:
        return nullcontext()
    with files.disk_errors(str(folder.root)):
        folder.root.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(folder.root / ".lock")
        try:
            held.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"another process is training in {folder.root}; wait for it or stop it.") from error
    return held


def _start_from(trainer: Trainer, start: Path) -> None:
    """Weights of a trained run into new networks. Raises CheckpointError naming what does not fit."""
    tensors, _ = files.read(find_checkpoint(start), ("nets", "average"))
    try:
        load_networks(trainer.nets, {**under("nets/", tensors), **under("average/", tensors)})
    except CheckpointError as error:
        shape = spec_of(read_facts(Folder(find_checkpoint(start).parent.parent))).shape
        there = f"{start} (made for images of {'x'.join(map(str, shape))})"
        raise CheckpointError(f"{there} cannot be the start of this run: {error}") from error
    trainer.average_anew()


def _refuse_taken(folder: Folder, machine: Machine) -> None:
    if machine.rank == 0 and folder.facts.exists():
        raise RunError(f"{folder.root} holds a run; `saddle resume {folder.root}`, or choose another --out.")


def _agreed(out: Path | None, plan: Plan, machine: Machine) -> Path:
    """The run's folder, the same for all processes: the first one chooses."""
    chosen = [out or next_folder(plan)]
    if machine.world > 1:
        torch.distributed.broadcast_object_list(chosen, src=0)
    return chosen[0]


def _treatment(dataset: Dataset) -> list[str]:
    shape = "x".join(map(str, dataset.images.shape[1:]))
    lines = [f"{dataset.source}: {len(dataset):,} examples of {shape}, {len(dataset.classes) or 'no'} classes"]
    lines += [f"  {note}" for note in dataset.notes]
    if dataset.skipped:
        name, reason = dataset.skipped[0]
        lines.append(f"  {len(dataset.skipped):,} files left out, such as {name}: {reason}")
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def changed(**settings: Any) -> dict[str, Any]:
    """The settings that were given: all that are not None."""
    return {name: value for name, value in settings.items() if value is not None}


def with_run(plan: Plan, **settings: Any) -> Plan:
    """The same plan with some run settings changed."""
    return dataclasses.replace(plan, run=dataclasses.replace(plan.run, **settings))
