"""Finds the networks that a trained model needs for its tasks; a critic seldom is one of them.

Runs each task once, on two examples, and records which networks it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, final

import torch
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Method, Networks
from saddlepoint.methods.tasks import tasks, trial

_TRIED = 2
"""examples that each task is tried on"""


@torch.no_grad()
def used_networks(method: Method, nets: Networks, spec: DataSpec) -> tuple[str, ...]:
    """The names of the networks without which the method could do less than it can, in their order.

    nets: in evaluation mode.
    """

    def all_trials(watched: Networks) -> None:
        for task in tasks(method, watched, spec):
            with suppress(CapabilityError):  # a model may hold one way of a translation alone
                trial(task, watched, _TRIED)
            if task.truncates:
                trial(task, watched, _TRIED, how=Sampling(truncation=0.5, noise="constant"))

    return asked_for(nets, all_trials)


@torch.no_grad()
def asked_for(nets: Networks, act: Callable[[Networks], object]) -> tuple[str, ...]:
    """The names of the networks that `act` asks for, in their order; all where it asks for none by name."""
    watched = _Watched(nets)
    act(watched)
    names = tuple(name for name, _ in nets.named_children())
    return tuple(name for name in names if name in watched.used) or names


@final
class _Watched(Networks):
    """The same networks; `asked` holds the names of those that were asked for."""

    def __init__(self, nets: Networks) -> None:
        super().__init__(**dict(nets.named_children()))
        self.used: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if isinstance(value, nn.Module):
            self.used.add(name)
        return value
