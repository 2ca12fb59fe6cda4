"""What the engine costs beside the arithmetic: a game of two one-layer networks, against a bare loop of the same moves.

Processor time of one thread, the least of several turns that take place by turns, so that other work on the machine
meets both. Run: `python benchmarks/overhead.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import record
from torch import nn

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Update
from saddlepoint.report.tables import print_table

BATCH = 8


@dataclass(frozen=True, kw_only=True)
class Smallest(Method):
    """Two linear layers in the plane."""

    takes = ImageBatch

    def networks(self, data: DataSpec) -> Networks:
        return Networks(generator=nn.Linear(3, 2), critic=nn.Linear(2, 1))

    def optimisers(self) -> dict[str, Any]:
        return {name: Adam(name, lr=1e-3) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        real = draw().image
        with torch.no_grad():
            fake = nets.generator(draw.noise(len(real), 3))
        yield Update("critic", {"gap": nets.critic(fake).mean() - nets.critic(real).mean()})
        yield Update("generator", {"score": -nets.critic(nets.generator(draw.noise(len(real), 3))).mean()})


def points() -> np.ndarray:
    """4,096 points in the plane."""
    return np.random.default_rng(0).normal(0, 1, (4096, 2)).astype(np.float32)


def engine(steps: int) -> Callable[[], float]:
    """Milliseconds a step of the engine."""

    def turn() -> float:
        data = Dataset({"image": points()}, "points", "points")
        loader = Loader(data, ImageBatch, np.arange(4096))
        settings = RunSettings(examples=steps * BATCH, batch=BATCH, log_every=100, precision="float32", device="cpu")
        method = Smallest()
        run = Trainer(method, method.networks(loader.spec), loader, settings, TorchMachine("cpu", "float32"), Path())
        begun = time.process_time()
        run.fit()
        return 1000 * (time.process_time() - begun) / steps

    return turn


def bare(steps: int) -> Callable[[], float]:
    """Milliseconds a step of the same moves written as a loop."""

    def turn() -> float:
        data = torch.from_numpy(points())
        generator, critic = nn.Linear(3, 2), nn.Linear(2, 1)
        optimisers = [torch.optim.Adam(net.parameters(), lr=1e-3, fused=True) for net in (critic, generator)]
        begun = time.process_time()
        for _ in range(steps):
            real = data[torch.randint(4096, (BATCH,))]
            with torch.no_grad():
                fake = generator(torch.randn(BATCH, 3))
            optimisers[0].zero_grad()
            (critic(fake).mean() - critic(real).mean()).backward()
            optimisers[0].step()
            optimisers[1].zero_grad()
            (-critic(generator(torch.randn(BATCH, 3))).mean()).backward()
            optimisers[1].step()
        return 1000 * (time.process_time() - begun) / steps

    return turn


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ways = {"bare loop": bare(asked.steps), "engine": engine(asked.steps)}
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(asked.turns):
        for name, turn in ways.items():
            least[name] = min(least[name], turn())
    shortest = least["bare loop"]
    rows = [
        {"loop": name, "ms a step": round(taken, 3), "times the bare loop": round(taken / shortest, 2)}
        for name, taken in least.items()
    ]
    print_table(rows)
    record(
        "overhead",
        "What the engine costs beside the arithmetic",
        f"A game of two one-layer networks in the plane, batch {BATCH}: milliseconds of processor time a step, one"
        f" thread, the least of {asked.turns} turns of {asked.steps:,} steps, which take place by turns. The bare loop"
        " makes the same moves; the engine also keys its noise, checks that numbers are finite, sets rates and keeps"
        " the log. The aim is at most 1.5.",
        {"": rows},
    )


if __name__ == "__main__":
    main()
