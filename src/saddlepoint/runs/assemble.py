"""Puts a run together: data, networks, engine, checkpoints and report. The only place that knows them all."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from saddlepoint import kinds, methods
from saddlepoint.checkpoint.facts import configuration_of
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.checkpoint.new_networks import new_networks
from saddlepoint.data.batches import Batch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import anchored, open_data
from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.hooks import Hook, Log
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key
from saddlepoint.methods.tasks import knows
from saddlepoint.report.architecture import described as layers_of
from saddlepoint.report.first_step import FirstStep
from saddlepoint.report.progress import Progress
from saddlepoint.report.samples import SampleGrids
from saddlepoint.report.tensorboard import TensorBoard
from saddlepoint.report.tracker import Tracker
from saddlepoint.runs.health_inputs import watchers
from saddlepoint.text import counted
from saddlepoint.version import __version__


@dataclass(frozen=True)
class AssembledRun:
    """A run put together but not begun."""

    plan: Plan
    dataset: Dataset
    held_out: Any
    trainer: Trainer
    machine: Machine


def assemble(
    plan: Plan,
    folder: Folder,
    machine: Machine,
    dataset: Dataset | None = None,
    *,
    hooks: Sequence[Hook] = (),
    quiet: bool = False,
) -> AssembledRun:
    """Builds networks, engine and hooks; nothing is written but the cache of packed images.

    dataset: that of the plan; None to open it. hooks: a person's own, called after ours and before the log.
    """
    if plan.run.threads is not None:
        torch.set_num_threads(plan.run.threads)
    if dataset is None:
        dataset = opened(plan, say if machine.rank == 0 and not quiet else lambda text: None)
    for hook in hooks:
        if not isinstance(hook, Hook):
            raise ConfigError(f"hooks must be instances of saddlepoint.Hook, not {hook!r}.")
    train, held_out = dataset.split(plan.data.held_out)
    shown = {name: getattr(plan.data, name) for name in ("flip", "jitter", "balanced", "labels_per_class")}
    loader = Loader(dataset, plan.method.takes, train, seed=plan.run.seed, device=machine.device, **shown)
    seed = key(plan.run.seed, "networks")
    nets = new_networks(plan.name, plan.method, loader.spec, seed, ", or --resolution")
    own = _hooks(plan, folder, loader, held_out, hooks, quiet=quiet)
    trainer = Trainer(plan.method, nets, loader, plan.run, machine, folder.root, own)
    return AssembledRun(plan, dataset, held_out, trainer, machine)


def opened(plan: Plan, tell: Callable[[str], None]) -> Dataset:
    """The data of a plan, with a few lines of what it is and what was done to it."""
    dataset = open_data(plan.data, say=tell)
    for text in _treatment(dataset):
        tell(text)
    return dataset


def _hooks(
    plan: Plan, folder: Folder, loader: Loader, held_out: np.ndarray, more: Sequence[Hook], *, quiet: bool
) -> list[Hook]:
    health, rescue = watchers(folder, loader, held_out)
    hooks: list[Hook] = [] if quiet else [Progress(health=health), FirstStep(say, lower_cost(plan))]
    hooks += [SampleGrids(loader.dataset, _examples(plan, loader, held_out)), health, rescue]
    if plan.run.score:
        hooks.append(_scores(plan, loader.dataset, loader.device))
    return [
        *hooks,
        *more,
        TensorBoard(),
        *trackers(plan.run.track),
        Log(folder.log),
        Checkpoints(_configuration(plan, loader)),
    ]


def trackers(names: Sequence[str]) -> Iterator[Tracker]:
    """The hooks that send a run to these programs."""
    from saddlepoint.report.mlflow_run import MLflow
    from saddlepoint.report.weights_and_biases import WeightsAndBiases

    for name in dict.fromkeys(names):
        yield {"wandb": WeightsAndBiases, "mlflow": MLflow}[name]()


def lower_cost(plan: Plan) -> str:
    """What makes a step or a run of this plan shorter, as the end of a sentence."""
    preset = ", or --preset small" if "small" in methods.presets(plan.name) else ""
    return f"a smaller --batch or --resolution{preset} lowers it, and --minutes ends a run in time"


def _configuration(plan: Plan, loader: Loader) -> dict[str, Any]:
    """What a checkpoint is bound to, of what will stand in `run.json`."""
    data = loader.dataset
    dataset = {"shape": list(loader.spec.shape), "classes": list(data.classes), "fingerprint": data.fingerprint}
    return configuration_of({**plan.json(), "dataset": dataset})


def _examples(plan: Plan, loader: Loader, held_out: np.ndarray) -> Batch | None:
    """What the sheets of a method that makes nothing from latents start from: held-out examples where there are any, of
    each class where there are some."""
    if knows(plan.method, "generate"):
        return None
    labels = loader.dataset.labels
    for rows in (held_out, loader.rows):
        groups = [rows] if labels is None else [rows[labels[rows] == label] for label in np.unique(labels)]
        if all(map(len, groups)):
            break
    return loader.look(np.concatenate([group[: plan.run.grid_size] for group in groups]), augmented=False)


def _scores(plan: Plan, dataset: Dataset, device: torch.device) -> Hook:
    """Scored against all images; imported here, since most runs need no metrics."""
    from saddlepoint.metrics.extractors.selection import extractor_for
    from saddlepoint.metrics.scores.hook import Scores

    if dataset.images.ndim != 4:
        raise ConfigError(
            f"{dataset.source} has {dataset.main.word}, which --score does not measure; `saddle prove` does."
        )
    return Scores(plan.run.score, lambda: extractor_for(dataset, device=device), dataset.images)


def describe(parts: AssembledRun) -> dict[str, Any]:
    """What `run.json` holds: the plan, the data as it was found, the networks, the machine and its versions."""
    data, trainer = parts.dataset, parts.trainer
    return {
        **replace(parts.plan, data=anchored(parts.plan.data)).json(),
        "origin": methods.origin(parts.plan.name),
        "dataset": {
            "source": data.source,
            "fields": {name: kinds.to_json(kind) for name, kind in data.kinds.items()},
            "shape": list(trainer.data.spec.shape),
            "classes": list(data.classes),
            "attributes": list(data.attributes),
            "images": trainer.data.spec.examples,
            "held_out": len(parts.held_out),
            "fingerprint": data.fingerprint,
            "notes": list(data.notes),
            "skipped": [list(pair) for pair in data.skipped],
        },
        "networks": {
            name: {
                "parameters": sum(p.numel() for p in network.parameters()),
                "class": type(network).__name__,
                "layers": layers_of(network),
            }
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


def _treatment(dataset: Dataset) -> list[str]:
    shape = "x".join(map(str, dataset.images.shape[1:]))
    classes = counted(len(dataset.classes), "class") if dataset.classes else "no classes"
    lines = [f"{dataset.source}: {counted(len(dataset), 'example')} of {shape}, {classes}"]
    lines += [f"  {note}" for note in dataset.notes]
    if dataset.skipped:
        name, reason = dataset.skipped[0]
        lines.append(f"  {counted(len(dataset.skipped), 'file')} left out, such as {name}: {reason}")
    return lines


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
