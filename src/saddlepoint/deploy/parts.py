"""What a model can be asked, each as a function of tensors alone: what is exported, compressed and timed.

Only the networks that are asked for come along. What a model draws from a seed becomes constant, and the noise of
style-based layers is the constant maps: a noise that is keyed by a latent's bits is no function that a graph can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.needed_networks import asked_for
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Networks
from saddlepoint.methods.tasks import Task, knows, tasks

Act = Callable[..., Tensor]
"""networks and inputs -> the output"""
TRUNCATIONS = (1.0, 0.7, 0.4, 0.0)
_EXAMPLES = 3  # none of 0 and 1, which a graph would take for fixed


@dataclass(frozen=True, eq=False)
class Part:
    """One thing that a model can be asked.

    name: of the task, and of its output where it has several. inputs: each one's name with what it holds; the first
    axis counts examples, but of `truncation`, which is one number. output: its name with what it holds.
    module: inputs in order -> output; differentiable code of plain tensors. truth: the same as the method itself says
    it. random_inputs: inputs for n random examples from a seed.
    """

    name: str
    inputs: Mapping[str, str]
    output: tuple[str, str]
    module: nn.Module
    truth: Callable[..., Tensor]
    random_inputs: Callable[[int, int], tuple[Tensor, ...]]

    def example(self) -> tuple[Tensor, ...]:
        """Inputs to trace with."""
        return self.random_inputs(_EXAMPLES, 0)


def parts_of(model: Model, *, adjustable: bool = True) -> list[Part]:
    """All that the model can be asked, the networks on its device and in evaluation mode.

    adjustable: truncation is an input of what generates; else it is fixed at 1.
    Raises CapabilityError for a model of which nothing is a plain function of tensors.
    """
    parts = []
    for task in tasks(model.method, model.nets, model.spec):
        if task.graph:
            with suppress(CapabilityError):  # a model may hold one way of a translation alone
                parts += [_part(model, task, output, adjustable and task.truncates) for output in task.gives]
    if not parts:
        raise CapabilityError(f"{model.name} does nothing that other programs could run, so nothing is exported.")
    return parts


def _part(model: Model, task: Task, output: str, adjustable: bool) -> Part:
    names = tuple(task.takes)

    def random_inputs(n: int, seed: int) -> tuple[Tensor, ...]:
        values = task.examples(model.nets, n, seed)
        inputs = tuple(values[name].to(model.device) for name in names)
        return (*inputs, torch.tensor(TRUNCATIONS[seed % len(TRUNCATIONS)])) if adjustable else inputs

    def act(nets: Networks, *inputs: Tensor) -> Tensor:
        how = Sampling(truncation=inputs[-1] if adjustable else 1.0, noise="constant")
        return task.call(nets, dict(zip(names, inputs)), how)[output]

    def truth(*inputs: Tensor) -> Tensor:
        how = Sampling(truncation=float(inputs[-1]) if adjustable else 1.0, noise="constant")
        return task.call(model.nets, dict(zip(names, inputs)), how)[output]

    inputs = {name: kind.layout for name, kind in task.takes.items()}
    if adjustable:
        of = "" if knows(model.method, "styles") else " (values beyond 2 x truncation deviations are drawn anew)"
        inputs["truncation"] = f"one number; 1 leaves the latents as they are, 0 gives the average{of}"
    name = task.name if len(task.gives) == 1 else f"{task.name}-{output}"
    return Part(
        name, inputs, (output, task.gives[output].layout), _module(model, act, random_inputs), truth, random_inputs
    )


def _module(model: Model, act: Act, random_inputs: Callable[[int, int], tuple[Tensor, ...]]) -> nn.Module:
    example = random_inputs(_EXAMPLES, 0)
    names = asked_for(model.nets, lambda nets: act(nets, *example))
    nets = Networks(**{name: model.nets.get_submodule(name) for name in names})
    return _Asked(nets, act, example).eval()


@final
class _Asked(nn.Module):
    """Inputs -> output; what the networks draw from a seed was drawn once and is a buffer."""

    def __init__(self, nets: Networks, act: Act, example: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.nets, self._act = nets, act
        with torch.no_grad(), _Draws() as drawn:
            act(nets, *example)
        self._count = len(drawn.draws)
        for place, values in enumerate(drawn.draws):
            self.register_buffer(f"drawn_{place}", values)

    def forward(self, *inputs: Tensor) -> Tensor:
        with _Draws([self.get_buffer(f"drawn_{place}") for place in range(self._count)]):
            return self._act(self.nets, *inputs)


@final
class _Draws(TorchFunctionMode):
    """Keeps what is drawn from a generator of its own, in `made`; or with `known` gives that instead, in order."""

    def __init__(self, known: list[Tensor] | None = None) -> None:
        super().__init__()
        self.draws: list[Tensor] = []
        self._known = None if known is None else iter(known)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None:
            return func(*args, **kwargs)
        if self._known is not None:
            return next(self._known)
        self.draws.append(func(*args, **kwargs))
        return self.draws[-1]
