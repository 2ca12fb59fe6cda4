"""What this library does on a GPU, in one command of at most nine minutes: first whether it is right, then how fast.

    python benchmarks/gpu.py [--device cuda] [--minutes 9] [--data WORD] [--tiny]

1. Every method, in the tiny size of its own test: three steps in float32 and in bf16 whose figures are finite; in
   float32 the first step's figures beside those of the processor, where both draw the same random numbers; a run that
   was stopped and goes on equals, bit by bit, one that was not (deterministic kernels); in fp16 a step that overflows
   is left out and the next is not.
2. Images/s and memory of six methods at sizes that people train at, plain and with --compile.
3. StyleGAN2 and R3GAN on --data for as long as the time goes: the Frechet distance over images seen.

Each part takes what is left of the time, and what it did not come to is said. `--tiny --device cpu` tries the whole
command in two minutes without a GPU, so that no time on one is lost to a misspelt word. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, final

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which deterministic products of matrices ask for
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import torch
from record import record
from torch import Tensor

from conformance import STEPS, train
from games import Reports, StopAt, weights
from saddlepoint import methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.kinds.camera import orbit
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import Gaussian, gaussian
from saddlepoint.report.tables import print_table
from saddlepoint.runs.assemble import assemble, describe

Row = dict[str, Any]
RIGHT, FAST = 0.45, 0.75
"""shares of the time after which the first and the second part begin nothing more"""
SIZES: dict[str, tuple[tuple[int, ...], int, dict[str, Any]]] = {
    "dcgan": ((3, 64, 64), 128, {}),
    "stylegan2": ((3, 128, 128), 32, {}),
    "r3gan": ((3, 64, 64), 128, {}),
    "pix2pix": ((3, 256, 256), 4, {}),
    "gaussians": ((3, 256, 256), 1, {}),
    "hash_nerf": ((3, 128, 128), 1, {}),
}
"""method -> shape of an image, batch, settings"""


@final
class Clock:
    """The time of the whole command. share: of it that is gone."""

    def __init__(self, minutes: float) -> None:
        self.start, self.seconds = time.monotonic(), 60 * minutes

    def over(self, share: float) -> bool:
        """Whether this share of the time is gone."""
        return time.monotonic() - self.start > share * self.seconds


def main() -> int:
    """Run the three parts and keep what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu to try the command")
    parser.add_argument("--minutes", type=float, default=9.0, help="for all of it")
    parser.add_argument("--data", default="digits", help="of the third part: a word or a path, as of saddle train")
    parser.add_argument("--tiny", action="store_true", help="small sizes; nothing is kept as evidence")
    parser.add_argument("--only", nargs="+", help="methods of the first part, by default all")
    options = parser.parse_args()
    clock, tables = Clock(options.minutes), dict[str, list[Row]]()
    tables["Right"] = list(checked(options.device, clock, options.only or [*methods.listing()]))
    wrong = [row for row in tables["Right"] if row["verdict"] != "right"]
    print_table(wrong or tables["Right"][:5], title=f"{len(tables['Right'])} methods tried, {len(wrong)} of them wrong")
    tables["Fast"] = list(timed(options.device, clock, tiny=options.tiny))
    print_table(tables["Fast"], title="images/s and memory")
    tables["Distance over images seen"] = list(curves(options.device, clock, options.data, tiny=options.tiny))
    print_table(tables["Distance over images seen"], title=f"Frechet distance on {options.data}")
    if not options.tiny:
        keep(options.device, options.minutes, options.data, tables)
    return int(bool(wrong))


def checked(device: str, clock: Clock, names: list[str]) -> Iterator[Row]:
    """One row for each method that there was time for."""
    for number, name in enumerate(names):
        if clock.over(RIGHT):
            print(f"no time for {len(names) - number} methods: {', '.join(names[number:])}")
            return
        row: Row = {"method": name, "verdict": "right"}
        for what, check in CHECKS.items():
            try:
                row[what] = check(name, device)
            except Exception as error:  # a method that fails must not hide what the others do
                row |= {what: f"{type(error).__name__}: {str(error)[:200]}", "verdict": "wrong"}
                traceback.print_exc(limit=-3)
        yield row


def begun(name: str, device: str, precision: str, steps: int = STEPS, hooks: tuple[Hook, ...] = ()) -> Trainer:
    """A trainer of the small method on a device, for steps of its last stage and all stages before."""
    trainer: Trainer = train(name, steps=steps, hooks=hooks, machine=TorchMachine(device, precision))
    return trainer


def finite(precision: str) -> Callable[[str, str], str]:
    """A check that the figures of a few steps are finite."""

    def check(name: str, device: str) -> str:
        reports = Reports()
        trainer = begun(name, device, precision, hooks=(reports,))
        trainer.fit()
        bad = {key for figures in reports.figures() for key, value in figures.items() if not np.isfinite(value)}
        if bad:
            raise ArithmeticError(f"not finite: {', '.join(sorted(bad))}")
        if any(parameter.device.type != torch.device(device).type for parameter in trainer.nets.parameters()):
            raise ArithmeticError(f"some weights are not on {device}")
        return "finite"

    return check


def like_the_processor(name: str, device: str) -> str:
    """The first step's figures on the device beside those of the processor: the largest relative difference."""
    figures = []
    for place in ("cpu", device):
        reports = Reports()
        begun(name, place, "float32", steps=1, hooks=(reports,)).fit()
        figures.append(reports.figures()[0])
    apart = max((abs(one - figures[1][key]) / max(abs(one), 1e-2) for key, one in figures[0].items()), default=0.0)
    return f"{apart:.1e} apart"  # methods that draw on the device draw other numbers there, so this is no verdict


def resumed(name: str, device: str) -> str:
    """A run of four steps and one of two and two: the same bits. Raises ArithmeticError where they are not."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            straight = begun(name, device, "float32", 4)
            straight.fit()
            half = begun(name, device, "float32", 4, (StopAt(2),))
            half.fit()
            again = begun(name, device, "float32", 4)
            again.restore(*files.read(files.write(Path(folder), 2, *half.state())))
            again.fit()
    finally:
        torch.use_deterministic_algorithms(False)
    wanted, given = weights(straight), weights(again)
    apart = [key for key, value in wanted.items() if not torch.equal(value, given[key])]
    if apart:
        raise ArithmeticError(f"{len(apart)} of {len(wanted)} tensors differ after resuming, such as {apart[0]}")
    return "bit-equal"


def scaled(name: str, device: str) -> str:
    """A few steps in fp16, where the device has it: a step that overflows is left out, and the scale comes down."""
    if torch.device(device).type != "cuda":
        return "not here"
    trainer = begun(name, device, "fp16", 4)
    trainer.fit()
    trainer.check_finite()
    return "finite"


CHECKS: dict[str, Callable[[str, str], str]] = {
    "float32": finite("float32"),
    "bf16": finite("bf16"),
    "beside the processor": like_the_processor,
    "resumed": resumed,
    "fp16": scaled,
}


@final
class Paced(Hook):
    """Times steps after the first ones, with the device waited for; ends the run. rate: images a second."""

    def __init__(self, device: torch.device, warm: int, seconds: float) -> None:
        self.device, self.warm, self.seconds, self.rate = device, warm, seconds, 0.0
        self._steps, self._start, self._images = 0, 0.0, 0

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """One step more."""
        self._steps += 1
        if self._steps < self.warm:
            return
        if self._steps % 4 == 0 or self._steps == self.warm:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            now = time.perf_counter()
            if self._steps == self.warm:
                self._start, self._images = now, run.clock.examples
            elif now - self._start > self.seconds:
                self.rate = (run.clock.examples - self._images) / (now - self._start)
                run.stop("enough")


def timed(device: str, clock: Clock, *, tiny: bool) -> Iterator[Row]:
    """A row for each method and way that there was time for."""
    for name, (shape, batch, settings) in SIZES.items():
        size = (shape[0], *(max(16, side // 8) for side in shape[1:])) if tiny else shape
        row: Row = {"method": name, "size": f"{size[2]}x{size[1]}", "batch": batch if not tiny else min(batch, 4)}
        for way, compiled in (("plain", False), ("compiled", True)):
            if clock.over(FAST) or (compiled and (tiny or not methods.load(name).compiles)):
                continue
            try:
                row |= rates(name, size, row["batch"], settings, device, way, compiled=compiled, tiny=tiny)
            except Exception as error:  # one method that does not fit must not hide the others
                row[f"{way}: images/s"] = f"{type(error).__name__}: {str(error)[:120]}"
        yield row


def rates(
    name: str,
    size: tuple[int, ...],
    batch: int,
    settings: Mapping[str, Any],
    device: str,
    way: str,
    *,
    compiled: bool,
    tiny: bool,
) -> Row:
    """Images/s and the most memory of one method trained one way."""
    plan = plans.make(name, {**settings, "batch": batch, "compile": compiled, "device": device, "precision": "auto"})
    run = dataclasses.replace(plan.run, examples=10**9)
    machine = TorchMachine(device, "auto" if torch.device(device).type == "cuda" else "float32")
    data = examples(plan.method, size)
    loader = Loader(data, plan.method.takes, np.arange(len(data)), seed=0, device=machine.device)
    torch.manual_seed(0)
    watch = Paced(machine.device, 2 if tiny else 12, 0.2 if tiny else 6.0)
    trainer = Trainer(plan.method, plan.method.networks(loader.spec), loader, run, machine, Path(), [watch])
    if machine.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(machine.device)
    trainer.fit()
    row: Row = {f"{way}: images/s": round(watch.rate, 1)}
    if machine.device.type == "cuda":
        row[f"{way}: GiB"] = round(torch.cuda.max_memory_allocated(machine.device) / 2**30, 2)
    torch.compiler.reset()
    return row


def examples(method: Any, size: tuple[int, ...]) -> Dataset:
    """Random examples of the fields that a method takes: noise, with cameras once around where it takes views."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (64, *size), dtype=np.uint8)
    taken = method.takes.kinds().keys()
    fields: dict[str, Any] = {name: images for name in ("image", "source", "target") if name in taken}
    if "camera" in taken:
        angles = torch.linspace(0, 6, 64)
        fields["camera"] = orbit(angles, torch.full((64,), 0.5), 4.0, 1.2 * size[-1], size[-1]).numpy()
    if "label" in taken:
        fields["label"] = np.arange(64) % 10
    classes = tuple(map(str, range(10))) if "label" in fields else ()
    return Dataset(fields, "noise", "noise", classes=classes)


def curves(device: str, clock: Clock, data: str, *, tiny: bool) -> Iterator[Row]:
    """The distance of StyleGAN2 and R3GAN over images seen, each for half of the time that is left."""
    names = ("stylegan2", "r3gan")
    for number, name in enumerate(names):
        left = clock.seconds - (time.monotonic() - clock.start)
        if left < 5 and not tiny:
            print(f"no time for the curve of {name}")
            continue
        yield from curve(name, device, data, left / (len(names) - number), tiny=tiny)


def curve(name: str, device: str, data: str, seconds: float, *, tiny: bool) -> Iterator[Row]:
    """Rows of one method: images seen, seconds, distance."""
    flat: dict[str, Any] = {"data": data, "device": device, "examples": 10**9, "batch": 8 if tiny else 64}
    flat |= {"base": 256, "most": 16} if tiny and name == "stylegan2" else {}
    flat["resolution"] = 16 if tiny else 32
    plan = plans.make(name, flat)
    machine = TorchMachine(device, "auto" if torch.device(device).type == "cuda" else "float32")
    with tempfile.TemporaryDirectory() as nowhere:
        parts = assemble(plan, Folder(Path(nowhere)), machine, quiet=True)
        judge = Judge(parts.dataset, 128 if tiny else 5_000)
        watch = Looks(judge, describe(parts), min(seconds, 8) if tiny else seconds)
        parts.trainer.hooks[:] = [watch]
        parts.trainer.fit()
    for row in watch.rows:
        yield {"method": name, **row}


@final
class Judge:
    """The Frechet distance to real images, in features of a small classifier of them."""

    def __init__(self, data: Dataset, most: int) -> None:
        if data.labels is None:
            raise SystemExit("--data must have classes: the distance is in features of a classifier of its images.")
        self.spec, self.count = data.spec(), min(most, len(data))
        self.classifier = train_classifier(data.images, data.labels, seed=0)
        self.known = self._seen(data.images[: self.count])

    def distance(self, model: Model) -> float:
        """Of as many samples as there are real images."""
        return frechet_distance(self._seen(to_uint8(model.sample(self.count, seed=0)).cpu().numpy()), self.known)

    def _seen(self, images: np.ndarray) -> Gaussian:
        return gaussian(features(self.classifier, images))


@final
class Looks(Hook):
    """Measures the average model ever more seldom, eight times in all, and ends the run; measuring is not counted."""

    def __init__(self, judge: Judge, facts: Mapping[str, Any], seconds: float) -> None:
        self.judge, self.facts, self.seconds = judge, facts, seconds
        self.rows: list[Row] = []
        self._start, self._away = 0.0, 0.0

    def begin(self, run: Run) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Look whether it is time."""
        gone = time.monotonic() - self._start - self._away
        if gone > self.seconds * 2.0 ** (len(self.rows) - 7):
            before = time.monotonic()
            nets = run.average or run.nets
            training = nets.training
            nets.eval()
            model = Model(run.method, nets, self.judge.spec, dict(self.facts), run.clock, Path())
            distance = self.judge.distance(model)
            nets.train(training)
            self.rows.append({"images": run.clock.examples, "seconds": round(gone, 1), "Frechet distance": distance})
            self._away += time.monotonic() - before
        if gone > self.seconds:
            run.stop("the time is over")


def keep(device: str, minutes: float, data: str, tables: Mapping[str, list[Row]]) -> None:
    """Write the evidence."""
    chip = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else device
    record(
        "gpu",
        f"On a GPU: {chip}",
        f"One command of at most {minutes:g} minutes. Right: every method in the tiny size of its own test; figures of"
        " three steps are finite, and a run of four steps equals one of two and two bit by bit with deterministic"
        " kernels. The difference to the processor is no verdict: where a method draws on the device, other numbers are"
        " drawn there. Fast: noise as images, the precision that `auto` chooses, the mean of"
        " six seconds after twelve steps. Distance: of 5,000 samples of the average model to as many real images, in"
        " features of a small classifier of them; one seed; it says how two methods learn in minutes, and nothing of"
        " days.",
        {heading: rows for heading, rows in tables.items() if rows},
        notes=[f"data of the distance: {data}"],
    )


if __name__ == "__main__":
    raise SystemExit(main())
