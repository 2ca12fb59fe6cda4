"""Every unconditional GAN on a ring, a grid and stacked digits, for the same processor time: which modes it reaches.

    python benchmarks/mode_coverage.py [--seconds 60] [--seeds 1] [METHOD ...]

What is measured already with as many seconds is kept, so that an interrupted or later call goes on where it was; a
method whose row shall be measured anew is named with --again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch
from record import FOLDER, record
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from saddlepoint import methods
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import ImageBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.sources.arrays import word_of
from saddlepoint.engine import plan as plans
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.errors import ConfigError, SaddlepointError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.extractors.classifier import Classifier, train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.coverage import class_coverage
from saddlepoint.metrics.proofs import measure
from saddlepoint.report.tables import print_table
from saddlepoint.runs.train import train_plan

NAME, TITLE = "mode_coverage", "Modes that each GAN reaches in the same time"
STACKED, SAMPLED = 20_000, 10_000
"""stacked digits to train on, and samples of each model"""
POINTS = {"world:ring8": "mixture", "world:grid25": "grid"}
"""worlds of points with the measure of each"""
OF_POINTS = {"batch": 256, "latent": 2}
"""settings for points of what has no proof on points; widths are the methods' own"""
SMALL: Mapping[str, Mapping[str, Any]] = {
    "gan": {"generator_widths": (256, 256), "critic_widths": (256, 256), "latent": 32},
    "lapgan": {"levels": 1, "width": 16, "generator_units": (256, 256), "critic_units": (128, 128), "optimiser": "adam",
               "lr": 5e-4},
    "r3gan": {"latent": 32, "gamma": 1.0},
    "stylegan3": {"resolution": 16, "batch": 16, "latent": 32, "style": 32, "layers": 5, "margin": 4, "base": 128,
                  "most": 16},
    "unrolled_gan": {"widths": (256, 256), "latent": 32, "optimiser": "adam", "generator_lr": 1e-3, "critic_lr": 1e-3},
    "wgan_gp": {"latent": 32},
}  # fmt: skip
"""settings for stacked digits of methods whose proof is on something else than digits"""
LEFT_OUT = {"dpgan": "it is slowed on purpose, for privacy"}


class Until(Hook):
    """Ends a run when the process has had so many seconds of the processor since the first step."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun, self.spent, self.examples = seconds, -1.0, 0.0, 0

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """One step more."""
        now = time.process_time()
        self.begun = now if self.begun < 0 else self.begun
        self.spent, self.examples = now - self.begun, run.clock.examples
        if self.spent >= self.seconds:
            run.stop("its time is over")


def stacked_digits() -> tuple[np.ndarray, np.ndarray]:
    """Three digits by chance as the channels of an image: uint8 [N, 3, 8, 8], and the mode of each, 0 to 999."""
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    rows = numpy_generator(0, "stacked digits").integers(len(images), size=(STACKED, 3))
    return images[rows], digits.target[rows] @ np.array([100, 10, 1])


def digit_classifier() -> Classifier:
    """A classifier of single digits."""
    digits = load_digits()
    return train_classifier(np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None], digits.target, seed=0)


def modes_of(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """Which of the 1,000 modes each image shows, by its channels.  [N]"""
    named = [classifier.labels(features(classifier, np.ascontiguousarray(images[:, [c]]))) for c in range(3)]
    return np.asarray(100 * named[0] + 10 * named[1] + named[2])


def settings(name: str, data: str) -> dict[str, Any]:
    """The settings of a method on a data set: those of its proof where that is of the same sort."""
    proof = methods.proof(name)
    if data == "stacked":
        own = dict(proof.settings) if proof.data == "digits" else {"batch": 64, **SMALL.get(name, {})}
    else:
        own = dict(proof.settings) if proof.data in POINTS else dict(OF_POINTS)
        if name == "unrolled_gan":
            own |= {"widths": (128, 128), "optimiser": "adam", "generator_lr": 1e-3, "critic_lr": 1e-3}
    for other in ("images", "examples", "held_out"):
        own.pop(other, None)
    return own


def trained(name: str, data: str, word: str, seed: int, seconds: float, place: Path) -> tuple[Model, Until]:
    """A model that has learnt for so long. Raises ConfigError for a method that cannot learn from the data."""
    whole = {**settings(name, data), "data": word, "seed": seed, "device": "cpu", "precision": "float32"}
    rest = {"examples": 1_000_000_000, "grid_size": 0, "checkpoint_every": 1_000_000_000, "cache": place / "cache"}
    plan, until = plans.make(name, {**whole, **rest}), Until(seconds)
    run = train_plan(plan, out=place / "run", hooks=[until], quiet=True)
    return run.model(), until


def figures(name: str, data: str, seed: int, seconds: float, classifier: Classifier) -> dict[str, Any]:
    """The row of one method, data set and seed, or the sentence that says why there is none."""
    row: dict[str, Any] = {"method": name, "data": data, "seed": seed, "seconds": seconds}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        try:
            images, modes = stacked_digits()
            word = data if data in POINTS else word_of(images, place / "cache")
            model, until = trained(name, data, word, seed, seconds, place)
        except ConfigError as error:
            return {**row, "refused": str(error)}
        except SaddlepointError as error:
            return {**row, "failed": str(error)}
        row |= {"examples": until.examples}
        if data in POINTS:
            table = measure(POINTS[data])(model, open_data(data), seed)
            first = dict(table.rows[0])
            return row | {key: first[key] for key in ("modes", "high_quality", "divergence")}
        shown = model.sample(SAMPLED, seed=seed)
        smaller = F.adaptive_avg_pool2d(shown, 8) if shown.shape[-1] > 8 else shown
        shown_modes = modes_of(classifier, to_uint8(smaller).numpy())
        coverage = class_coverage(shown_modes, modes, 1000, 1 / SAMPLED)
        return row | {"modes": coverage.modes, "divergence": coverage.divergence}


def real_row(classifier: Classifier) -> dict[str, Any]:
    """What real stacked digits reach."""
    images, modes = stacked_digits()
    real = class_coverage(modes_of(classifier, images[:SAMPLED]), modes, 1000, 1 / SAMPLED)
    return {"method": "real images", "modes": real.modes, "divergence": real.divergence}


def tables(rows: list[dict[str, Any]], real: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What is printed and recorded: a table for each data set, best first, with the real data on stacked digits."""
    result: dict[str, list[dict[str, Any]]] = {}
    for data, heading in DATA.items():
        own = [row for row in rows if row["data"] == data and "modes" in row]
        own.sort(key=lambda row: (-row["modes"], row["divergence"]))
        columns = ("method", "seed", "modes", "high_quality", "divergence", "examples")
        result[heading] = [{key: row[key] for key in columns if key in row} for row in own]
    result[DATA["stacked"]].insert(0, real)
    return result


DATA = {
    "world:ring8": "Ring of 8 Gaussians",
    "world:grid25": "Grid of 25 Gaussians",
    "stacked": "Stacked digits, 1,000 modes",
}


def kept(rows: list[dict[str, Any]], seconds: float, real: dict[str, Any]) -> None:
    """Record what there is so far; the rows themselves lie beside it, for a call that goes on."""
    place = FOLDER / NAME
    place.mkdir(parents=True, exist_ok=True)
    (place / "rows.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    without = {row["method"]: row.get("refused") or row.get("failed") for row in rows if "modes" not in row}
    notes = [f"{name} is left out: {why}." for name, why in LEFT_OUT.items()]
    notes += [f"{name} has no row somewhere: {sentence}" for name, sentence in sorted(without.items())]
    record(
        NAME,
        TITLE,
        f"Each method that makes images or points of noise alone learns for {seconds:g} seconds of one thread, "
        "counted from its first step, with the settings of its proof where that is on the same sort of data, "
        "else with those of the file of this benchmark. Ring: 10,000 points, high quality within 3 standard "
        f"deviations of a centre; grid: 5,000, within 4. Stacked digits (Metz et al. 2017): {STACKED:,} images "
        f"whose three channels are digits of 8x8 by chance; of {SAMPLED:,} samples a classifier of single "
        "digits names each channel, and a mode that one sample shows counts. divergence: nats, of the modes "
        "from those of the data. Methods that know the class are not here, since the class tells them the "
        "modes. One time for all favours what learns fast: a row says what a method reaches in it, and not "
        "what it would reach.",
        tables(rows, real),
        notes=notes,
        command=f"python benchmarks/mode_coverage.py --seconds {seconds:g}",
    )


def main() -> int:
    """Measure what is not measured yet, keep it after each row, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("methods", nargs="*", help="by default all that need no class")
    parser.add_argument("--seconds", type=float, default=60, help="processor time of each")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each")
    parser.add_argument("--again", nargs="*", default=[], help="methods whose rows are measured anew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = options.methods or [
        name
        for name, entry in methods.listing().items()
        if entry.family == "gan" and methods.load(name).takes is ImageBatch and name not in LEFT_OUT
    ]
    path = FOLDER / NAME / "rows.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [row for row in before if row["seconds"] == options.seconds and row["method"] not in options.again]
    there = {(row["method"], row["data"], row["seed"]) for row in rows}
    classifier = digit_classifier()
    real = real_row(classifier)
    for name in names:
        for data in DATA:
            for seed in range(options.seeds):
                if (name, data, seed) not in there:
                    rows.append(figures(name, data, seed, options.seconds, classifier))
                    print(rows[-1], flush=True)
                    kept(rows, options.seconds, real)
    for heading, each in tables(rows, real).items():
        print_table(each, title=heading)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
