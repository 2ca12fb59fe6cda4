"""A training step of every method, with the settings of its proof: images/s of one processor thread, in one table.

    python benchmarks/steps.py [--rounds 3] [--seconds 20] [METHOD ...]

A round is sixteen steps in a row, so that what a method does every few steps has its share; the median of the rounds
counts. Time is what the processor spends on this process, so that other work on the machine changes it little. A
method that grows is timed in its last stage.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
from record import record
from torch import Tensor

from saddlepoint import methods
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import open_data
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.trainer import Trainer
from saddlepoint.report.tables import print_table

CYCLE, WARM = 16, 2
"""steps of a round, and steps before the first one"""


class Rounds(Hook):
    """Times rounds of steps, and ends the run after enough of them. seconds: after which no round begins."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self.most, self.seconds = rounds, seconds
        self.timed: list[float] = []
        self.steps = 0

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """One step more."""
        now = time.process_time()
        self.steps += 1
        if self.steps == WARM:
            self.begun = self.started = now
        elif self.steps > WARM and (self.steps - WARM) % CYCLE == 0:
            self.timed.append((now - self.started) / CYCLE)
            self.started = now
            if len(self.timed) == self.most or now - self.begun > self.seconds:
                run.stop("enough")


def timed(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    """The row of one method."""
    proof = methods.proof(name)
    made = plans.make(name, {**proof.settings, "data": proof.data})
    run = dataclasses.replace(made.run, device="cpu", precision="float32")
    dataset = open_data(made.data)
    train, _ = dataset.split(made.data.held_out)
    shown = {field: getattr(made.data, field) for field in ("flip", "jitter", "balanced", "labels_per_class")}
    loader = Loader(dataset, made.method.takes, train, seed=run.seed, **shown)
    torch.manual_seed(0)
    nets, watch = made.method.networks(loader.spec), Rounds(rounds, seconds)
    trainer = Trainer(
        made.method, nets, loader, run, TorchMachine("cpu", "float32"), Path(tempfile.gettempdir()), [watch]
    )
    before = made.method.stages()[:-1]
    trainer.clock = dataclasses.replace(
        trainer.clock, stage=len(before), examples=sum(stage.examples or 0 for stage in before)
    )
    trainer.fit()
    step = statistics.median(watch.timed)
    batch = made.method.stages()[-1].batch or run.batch
    weights = sum(p.numel() for group in trainer.groups.values() for p in group.parameters.values())
    return {
        "method": name,
        "data": proof.data,
        "shape": "x".join(map(str, loader.spec.shape)),
        "batch": batch,
        "weights": weights,
        "step ms": 1000 * step,
        "images/s": batch / step,
        "rounds": len(watch.timed),
    }


def main() -> int:
    """Time each method, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("methods", nargs="*", default=methods.listing(), help="by default all")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of sixteen steps")
    parser.add_argument("--seconds", type=float, default=20, help="processor time after which no round begins")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in asked.methods:
        rows.append(timed(name, asked.rounds, asked.seconds))
        print(f"{name}: {rows[-1]['images/s']:.0f} images/s", flush=True)
    print_table(rows, title="a training step of each method")
    record(
        "steps",
        "A training step of every method",
        f"The settings of each method's proof, float32, one thread; rounds of {CYCLE} steps in a row after {WARM} that"
        " do not count, and the median of the rounds. Time is processor time, so that other work on the machine counts"
        " little, though caches are shared. weights: trained numbers of all players. Sizes differ, so a row says how"
        " long a proof takes, and not which method is fast.",
        {"": rows},
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
