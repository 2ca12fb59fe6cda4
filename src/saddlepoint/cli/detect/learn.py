"""detect learn: train a detector of a model's images, and state its error on images that neither was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.checkpoint.model import load
from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count, Natural
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine.distributed import DEVICE, TorchMachine
from saddlepoint.report.tables import print_table
from saddlepoint.runs import detector


@dataclass(frozen=True, kw_only=True)
class Learn:
    """Train a detector of the images of one model. It knows no other model, and who wants to can train against it."""

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, or of one of its checkpoints, beside the data that it was trained on"""
    false_alarms: float = 0.01
    """share of real images that may be called generated"""
    shown: Count = detector.SHOWN
    """images shown in training"""
    seed: Natural = 0
    """random seed"""
    out: Path | None = None
    """folder to make, which must be new; by default a new one under RUN/detector"""
    device: str = DEVICE
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle detect learn RUN`."""
    options = parsed(Learn, "saddle detect learn", arguments)
    model = load(options.run, device=TorchMachine(options.device).device)
    target = Destination(options.out or model.home / "detector", named=options.out is not None, folders=True)
    new = detector.learn(model, false_alarms=options.false_alarms, shown=options.shown, seed=options.seed)
    with target as (folder,):
        detector.save(new, folder)
    print_table(new.facts["errors"])
    print(f"  at most: in 95 of 100 repetitions the error is no larger; {new.facts['knows']}")
    print(target.path)
    return 0
