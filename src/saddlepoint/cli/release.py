"""release: make a synthetic set in the place of a private one, with a card of its worth and its dangers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.checkpoint.model import load
from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count, Natural
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine.distributed import DEVICE, TorchMachine
from saddlepoint.runs.release import CARD, LICENCE, make_release, write_release


@dataclass(frozen=True, kw_only=True)
class Release:
    """Make a set of generated images to be released in the place of the private ones that a model was trained on.

    Measured are fidelity, usefulness (a classifier trained on the release), near copies of images trained on, which are
    left out, and attacks on membership. An attack that fails proves nothing: only training with differential privacy
    gives a guarantee.
    """

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, or of one of its checkpoints, beside the data that it was trained on"""
    n: Annotated[Count, tyro.conf.arg(aliases=["-n"])] = 10_000
    """number of images"""
    seed: Natural = 0
    """random seed of the images"""
    title: str = "A synthetic set"
    """name of the set, for its card"""
    keep_near: bool = False
    """keep images that are nearer to one trained on than 99 of 100 held-out images are"""
    out: Path | None = None
    """folder to make, which must be new; by default a new one under RUN/released"""
    device: str = DEVICE
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle release RUN`."""
    options = parsed(Release, "saddle release", arguments)
    model = load(options.run, device=TorchMachine(options.device).device)
    out = options.out or model.home / "released" / f"seed-{options.seed}"
    target = Destination(out, named=options.out is not None, folders=True)
    release = make_release(
        model,
        options.n,
        seed=options.seed,
        keep_near=options.keep_near,
        say=lambda text: print(text, file=sys.stderr),
    )
    with target as (folder,):
        write_release(release, model, folder, seed=options.seed, title=options.title)
    for line in release.warnings():
        print(f"beware: {line}")
    print(f"{target.path / CARD}: read it, and fill in what it leaves open and {LICENCE}, before anything is released")
    return 0
