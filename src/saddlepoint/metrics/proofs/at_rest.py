"""How far the middle of what a generator makes is from where it should come to rest."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key
from saddlepoint.kinds.points import Points
from saddlepoint.metrics.proofs.base import Measure, Table

_SAMPLES = 10_000


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The distance from the middle of the data to that of the samples, and the length of the critic's weights.

    The baseline is the same game of the same length without foresight, from networks of its own.
    """
    method: Any = model.method
    if not hasattr(method, "unroll"):
        raise ConfigError(f"{model.name} foresees no steps, so there is nothing to leave out.")
    middle = torch.from_numpy(dataset.examples[:_SAMPLES].mean(0))

    def row(kind: str, name: str, nets: torch.nn.Module) -> dict[str, Any]:
        latents = method.latents(nets, _SAMPLES, seed)
        with torch.no_grad():
            away = (method.generate(nets, latents).mean(0) - middle).norm().item()
        slope = torch.cat([weight.detach().flatten() for weight in nets.get_submodule("critic").parameters()])
        radius = float(np.hypot(away, slope.norm().item()))
        return {"kind": kind, "name": name, "radius": radius, "away": away}

    steps, batch = model.clock.step, model.facts["run"]["batch"]
    return Table(
        rows=(
            row("generated", model.name, model.nets),
            row("baseline", "the same without foresight", _without(model, dataset, steps, batch, seed)),
        ),
        protocol=(
            f"{steps:,} steps. away: distance of the mean of {_SAMPLES:,} samples from that of the data; radius: of"
            " that and the critic's weights together, which are 0 at rest."
        ),
    )


MEASURE = Measure(compare, {"radius": "less", "away": "less"}, fields={"image": Points})


def _without(model: Model, dataset: Dataset, steps: int, batch: int, seed: int) -> torch.nn.Module:
    """The networks of the same game with `unroll` 0, both players by plain gradient steps from the same point."""
    method: Any = model.method
    method = dataclasses.replace(method, unroll=0)
    rates = {"generator": method.generator_lr, "critic": method.critic_lr}
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "without foresight"))
        nets = method.networks(model.spec)
        real = torch.from_numpy(dataset.examples[:batch].copy())
        for _ in range(steps):
            on_real, on_fake = nets.critic(real), nets.critic(nets.generator(torch.randn(batch, method.latent)))
            game = torch.nn.functional.softplus(-on_real).mean() + torch.nn.functional.softplus(on_fake).mean()
            moves = []
            for name, sign in (("critic", 1.0), ("generator", -1.0)):
                weights = list(nets.get_submodule(name).parameters())
                slopes = torch.autograd.grad(game, weights, retain_graph=True)
                moves += [(weight, sign * rates[name] * slope) for weight, slope in zip(weights, slopes)]
            with torch.no_grad():
                for weight, move in moves:
                    weight -= move
    trained: torch.nn.Module = nets.eval()
    return trained
