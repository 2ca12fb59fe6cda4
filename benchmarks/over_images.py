"""How near stylegan2 and r3gan come to real images over the images that they have seen, at the same width.

    python benchmarks/over_images.py --data fashion-mnist [--data-path FOLDER] [--resolution 16] [--images 100000]

Time says which is cheaper; this says what an image shown is worth to each. Both have 64 channels, a batch of 32 and the
rates of their proofs; nothing was tuned here.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from real_images import DISTANCE, METHODS, Judge
from record import record
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.report.tables import print_table
from saddlepoint.runs.assemble import assemble, describe

SHOWN, BATCH, POINTS = ("stylegan2", "r3gan"), 32, 10


class Points(Hook):
    """Measures a trainer's model after every so many images. rows: images seen and what they led to."""

    def __init__(self, trainer: Trainer, facts: Mapping[str, Any], every: int, judge: Judge) -> None:
        self.trainer, self.facts, self.every, self.judge = trainer, facts, every, judge
        self.rows: list[dict[str, Any]] = []

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Measure where a point has been passed."""
        if run.clock.examples // self.every == len(self.rows):
            return
        nets = self.trainer.average or self.trainer.nets
        before = nets.training
        nets.eval()
        self.trainer.method.set_phase(nets, run.clock)
        model = Model(self.trainer.method, nets, self.trainer.data.spec, self.facts, run.clock, Path())
        figures = self.judge.figures(to_uint8(model.sample(self.judge.count, seed=0)).numpy())
        nets.train(before)
        self.rows.append({"images seen": run.clock.examples, **figures})


def main() -> None:
    """Trains both and records the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--data-path", type=Path)
    parser.add_argument("--resolution", type=int, default=16)
    parser.add_argument("--images", type=int, default=100_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    source: dict[str, Any] = {"data": options.data, "resolution": options.resolution}
    source |= {"data_path": options.data_path} if options.data_path else {}
    judge = Judge(open_data(DataSettings(**source)), None)
    curves = {name: curve(name, source, options.images, judge) for name in SHOWN}
    rows = [
        {"images seen": pair[0]["images seen"], **{name: row[DISTANCE] for name, row in zip(SHOWN, pair)}}
        for pair in zip(*curves.values())
    ]
    print_table(rows)
    record(
        "over_images",
        "StyleGAN2 and R3GAN over the images seen",
        f"{options.data}, {options.resolution} pixels, one seed, batch {BATCH}, {options.images:,} images, the same"
        f" width of 64 channels, the rates of their proofs. {DISTANCE} of {judge.count:,} samples to as many real"
        f" images in the {judge.extractor.identity} features; real against real has {judge.real[DISTANCE]}, a Gaussian"
        f" over pixels {judge.naive[DISTANCE]}. What the time of each says is in the tables of real images.",
        {"": rows},
        command=f"python benchmarks/over_images.py --data {options.data} --resolution {options.resolution}"
        f" --images {options.images}",
    )


def curve(name: str, source: Mapping[str, Any], images: int, judge: Judge) -> list[dict[str, Any]]:
    """What a method comes to, a row for each tenth of the images."""
    flat = {**source, **METHODS[name], "batch": BATCH, "images": images, "precision": "float32", "grid_size": 0}
    plan = plans.make(name, flat)
    with tempfile.TemporaryDirectory() as nowhere:
        parts = assemble(plan, Folder(Path(nowhere)), TorchMachine("cpu", "float32"), quiet=True)
        points = Points(parts.trainer, describe(parts), images // POINTS, judge)
        parts.trainer.hooks[:] = [points]
        parts.trainer.fit()
    return points.rows


if __name__ == "__main__":
    main()
