"""Distillation: a smaller model of the same method learns to make what the trained one makes. See `imitate`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saddlepoint import config
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.new_networks import new_networks
from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.compress.imitate import imitate
from saddlepoint.deploy.parts import Part, parts_of
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key


def student_of(model: Model, changes: Sequence[str], seed: int = 0) -> Model:
    """A new model of the same method with some settings changed, given as NAME=VALUE; not trained.

    Raises ConfigError for a setting that is none, for networks that this machine has no memory for, and where the
    student would take other latents.
    """
    settings = {**config.to_json(model.method), **dict(_setting(change) for change in changes)}
    method = config.from_json(type(model.method), settings)
    nets = new_networks(f"the student of {model.name}", method, model.spec, key(seed, "student"))
    nets.eval().requires_grad_(False)
    method.set_phase(nets, model.clock)
    facts = {
        **model.facts,
        "method": model.name,
        "options": settings,
        "made_from": {"version": model.version, "by": f"distillation, {' '.join(changes)}"},
        "figures": {},
    }
    student = Model(method, nets, model.spec, facts, model.clock, model.path, model.home)
    for own, other in zip(parts_of(student, adjustable=False), parts_of(model, adjustable=False)):
        if [value.shape for value in own.example()] != [value.shape for value in other.example()]:
            raise ConfigError(
                f"the student would take other inputs ({own.name}): leave the length of the latents as it is."
            )
    return student


def distil(
    model: Model,
    changes: Sequence[str],
    feed: Feed,
    *,
    steps: int,
    batch: int,
    lr: float,
    say: Callable[[str], object] = lambda text: None,
) -> Model:
    """A trained student. Raises ConfigError as `student_of` does, and where nothing would get smaller."""
    student = student_of(model, changes)
    sizes = [_weights(parts_of(one, adjustable=False)) for one in (student, model)]
    if sizes[0] >= sizes[1]:
        raise ConfigError(
            f"the student would have {sizes[0]:,} weights and the original has {sizes[1]:,}: choose smaller settings."
        )
    say(f"a student of {sizes[0]:,} weights learns from one of {sizes[1]:,}")
    own, aims = (parts_of(one, adjustable=False) for one in (student, model))
    imitate(own, aims, feed, steps=steps, batch=batch, lr=lr, say=say)
    return student


def _weights(parts: list[Part]) -> int:
    known: Mapping[int, int] = {id(w): w.numel() for part in parts for w in part.module.parameters()}
    return sum(known.values())


def _setting(change: str) -> tuple[str, Any]:
    name, mark, value = change.partition("=")
    if not mark:
        raise ConfigError(f"--student takes NAME=VALUE, such as generator_width=32, not {change!r}.")
    try:
        return name.strip().replace("-", "_"), ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name.strip().replace("-", "_"), value
