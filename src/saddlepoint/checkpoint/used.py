"""Which of a method's networks its abilities touch: those that a trained model is used with. A critic seldom is.

Each ability is tried once, on two examples, while it is noted which networks are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import (
    Classifies,
    Infers,
    Reconstructs,
    Samples,
    Sampling,
    Scores,
    Styles,
    Translates,
    TranslatesLike,
    in_turn,
)
from saddlepoint.methods.base import Method, Networks

_TRIED = 2
"""examples that each ability is tried on"""


@torch.no_grad()
def used_networks(method: Method, nets: Networks, spec: DataSpec) -> tuple[str, ...]:
    """The names of the networks without which the method could do less than it can, in their order.

    nets: in evaluation mode.
    """
    given = torch.ones(_TRIED, *spec.shape, device=next(nets.parameters()).device)

    def all_trials(watched: Networks) -> None:
        for ability, trial in _TRIALS.items():
            if isinstance(method, ability):
                trial(method, watched, given)

    return asked_for(nets, all_trials)


@torch.no_grad()
def asked_for(nets: Networks, act: Callable[[Networks], object]) -> tuple[str, ...]:
    """The names of the networks that `act` asks for, in their order; all where it asks for none by name."""
    watched = _Watched(nets)
    act(watched)
    names = tuple(name for name, _ in nets.named_children())
    return tuple(name for name in names if name in watched.asked) or names


@final
class _Watched(Networks):
    """The same networks; `asked` holds the names of those that were asked for."""

    def __init__(self, nets: Networks) -> None:
        super().__init__(**dict(nets.named_children()))
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        if isinstance(found, nn.Module):
            self.asked.add(name)
        return found


def _sampled(method: Samples, nets: Networks, given: Tensor) -> tuple[Tensor, Sampling]:
    how = Sampling(in_turn(method, nets, len(given)), 0.5).to(given.device)
    return method.latents(nets, len(given), 0).to(given.device), how


def _samples(method: Samples, nets: Networks, given: Tensor) -> None:
    latents, how = _sampled(method, nets, given)
    method.generate(nets, latents, how)
    method.generate(nets, latents, replace(how, noise="constant"))


def _styles(method: Styles, nets: Networks, given: Tensor) -> None:
    latents, how = _sampled(method, nets, given)
    method.synthesise(nets, method.styles(nets, latents, how), method.noise_of(nets, latents))
    method.average_style(nets)


def _reconstructs(method: Reconstructs, nets: Networks, given: Tensor) -> None:
    method.encode(nets, given)
    method.reconstruct(nets, given)


def _infers(method: Infers, nets: Networks, given: Tensor) -> None:
    method.posterior(nets, given)


def _classifies(method: Classifies, nets: Networks, given: Tensor) -> None:
    method.classify(nets, given)


def _translates(method: Translates, nets: Networks, given: Tensor) -> None:
    for origin in method.directions():
        with suppress(CapabilityError):  # a model may hold one way alone
            method.translate(nets, given, origin)


def _translates_like(method: TranslatesLike, nets: Networks, given: Tensor) -> None:
    for origin in method.directions():
        method.translate_like(nets, given, given, origin)


def _scores(method: Scores, nets: Networks, given: Tensor) -> None:
    method.log_likelihood(nets, given, 1, 0)


_TRIALS: dict[type, Callable[[Any, Networks, Tensor], None]] = {
    Samples: _samples,
    Styles: _styles,
    Reconstructs: _reconstructs,
    Infers: _infers,
    Classifies: _classifies,
    Translates: _translates,
    TranslatesLike: _translates_like,
    Scores: _scores,
}
