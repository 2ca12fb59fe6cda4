"""Answers held near those of the model that a run goes on from: learning without forgetting.

Li & Hoiem 2016, arXiv:1606.09282, equations 1-3: what the old model says of the new examples is kept, by distillation
at a temperature of 2; no old data is needed. What makes examples from latents is held on random latents and conditions,
as memory replay GANs hold it by alignment (Wu et al. 2018, arXiv:1809.02058, section 3.3).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import main_field
from saddlepoint.data.loader import Loader
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.optim import Group
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.latent import Latent
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.distillation import distillation
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Method, Networks
from saddlepoint.methods.tasks import Task, tasks
from saddlepoint.nn.modes import evaluating

_HOW = Sampling(noise="constant")
"""each layer's own noise is the same for both models, so that their answers can be compared"""


@final
class Answers(Hook):
    """Adds the gradient of weight times the distance between a model's answers and those it gave at its start.

    Asked is all that is a plain function of tensors, of `batch` examples a step, alike on all ranks. Without gradients
    of its own a player (a critic that no answer depends on) is left alone.
    """

    def __init__(self, method: Method, nets: Networks, data: Loader, batch: int, weight: float) -> None:
        self.method, self.nets, self.data, self.batch, self.weight = method, nets, data, batch, weight
        self.start: Networks | None = None
        self._questions: list[tuple[Task, list[str]]] = []
        self._free: set[str] = set()

    def begin(self, run: Run) -> None:
        """Raises ConfigError where no earlier run is gone on from, or its model answers nothing that can be held."""
        if self.start is None:
            raise ConfigError("--anchor-to answers keeps what an earlier run says: start from one with --from RUN.")
        self._questions = self._tasks()
        if not self._questions:
            raise ConfigError(
                f"{type(self.method).__name__} gives no answers that have a slope: use --anchor-to start."
            )

    def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """The pull towards the answers of the start, where a player's weights have a part in them."""
        if group in self._free:
            return
        with torch.enable_grad(), evaluating(self.nets):
            distance = self._distance(run)
            pulls = torch.autograd.grad(self.weight * distance, list(parameters.values()), allow_unused=True)
        if all(pull is None for pull in pulls):
            self._free.add(group)
        for parameter, pull in zip(parameters.values(), pulls):
            if pull is not None and parameter.grad is not None:
                parameter.grad.add_(pull)

    def anew(self, groups: Mapping[str, Group], loaded: Collection[str], moments: Mapping[str, Tensor]) -> None:
        """The answers to keep are those of the networks as they have just been loaded. Raises ConfigError where only
        some were: a model of which parts are new has nothing to say yet."""
        if loaded:
            names = ", ".join(loaded)
            raise ConfigError(f"--anchor-to answers needs a whole model, not {names} alone: use --from RUN.")
        self.start = _still(self.nets)

    def tensors(self) -> dict[str, Tensor]:
        """What must survive a restart, by name."""
        return {} if self.start is None else {f"start/{name}": v for name, v in self.start.state_dict().items()}

    def take(self, saved: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` gave. Raises CheckpointError for a checkpoint of a run without such an anchor."""
        start = _still(self.nets)
        own = {name: saved.get(f"start/{name}") for name in start.state_dict()}
        missing = next((name for name, value in own.items() if value is None), None)
        if missing is not None:
            raise CheckpointError(f"the checkpoint has no answers to keep: {missing} of their model is missing.")
        start.load_state_dict(own)
        self.start = start

    def _tasks(self) -> list[tuple[Task, list[str]]]:
        """What is asked, with the answers that have a slope; hidden descriptions are left free."""
        answers = []
        with torch.enable_grad(), evaluating(self.nets):
            for task in tasks(self.method, self.nets, self.data.spec):
                if task.graph and task.name != "embed":
                    outputs = task.call(self.nets, _moved(task.examples(self.nets, 2, 0), self.nets), _HOW)
                    names = [name for name, values in outputs.items() if values.requires_grad]
                    answers += [(task, names)] if names else []
        return answers

    def _distance(self, run: Run) -> Tensor:
        """A mean over all answers."""
        assert self.start is not None, "asked at the beginning"
        self.method.set_phase(self.start, run.clock)
        terms = []
        for task, names in self._questions:
            inputs = self._inputs(task, run)
            with torch.no_grad():
                aim = task.call(self.start, inputs, _HOW)
            outputs = task.call(self.nets, inputs, _HOW)
            terms += [distance(outputs[name], aim[name], task.gives[name]) for name in names]
        return torch.stack(terms).mean()

    def _inputs(self, task: Task, run: Run) -> dict[str, Tensor]:
        """Random latents with conditions by their kinds; elsewhere training examples, without flips and jitter."""
        seed = key(run.settings.seed, run.clock.step, "answers")
        drawn = _moved(task.examples(self.nets, self.batch, seed), self.nets)
        if any(isinstance(kind, Latent) for kind in task.takes.values()):
            return drawn
        rows = numpy_generator(seed).choice(self.data.rows, self.batch, replace=len(self.data.rows) < self.batch)
        fields = self.data.look(np.sort(rows), augmented=False).tensors()
        main, origin = main_field(self.data.dataset.kinds), (*task.name.split("-"), "")[1]
        for name in task.takes:
            own = next((field for field in (name, origin, main) if field in fields), None)
            if own is not None and len(fields[own]) and fields[own].shape[1:] == drawn[name].shape[1:]:
                drawn[name] = fields[own]
        fewest = min(map(len, drawn.values()))
        return {name: values[:fewest] for name, values in drawn.items()}


def distance(given: Tensor, aim: Tensor, kind: Kind) -> Tensor:
    """How far answers are from what they were: of probabilities the distillation loss at a temperature of 2 in nats, of
    all else the mean absolute difference."""
    if isinstance(kind, Probabilities):
        return distillation(given, aim, temperature=2.0)
    return (given - aim).abs().mean()


def _still(nets: Networks) -> Networks:
    return copy.deepcopy(nets).eval().requires_grad_(False)


def _moved(fields: Mapping[str, Tensor], nets: nn.Module) -> dict[str, Tensor]:
    device = next(nets.parameters()).device
    return {name: values.to(device) for name, values in fields.items()}
