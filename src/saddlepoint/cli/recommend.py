"""recommend: propose a method and settings for your images and machine, with reasons and the time needed."""

from __future__ import annotations

import dataclasses
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import final

import tyro
from torch import Tensor

from saddlepoint import methods
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.memory import estimate
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError, RunError
from saddlepoint.report.wording import duration
from saddlepoint.runs.advice import ORDERS, SMALLEST, Advice, advise, resolution
from saddlepoint.runs.assemble import assemble
from saddlepoint.runs.survey import Computer, Images, look_at, sides, this_computer
from saddlepoint.storage.whole import write_json
from saddlepoint.text import counted

STEPS, SECONDS = 8, 20.0
"""steps that are timed, after a first one that is not; or as many as begin in so many seconds"""
ROOM = 0.5
"""share of the free memory that a run should take, at most"""
LEAST = 8
"""images in a micro-batch, at least: batch norm needs several"""


@dataclass(frozen=True, kw_only=True)
class Recommend:
    """Look at images and at this machine, and propose what to train, with reasons and the time it will take."""

    data: tyro.conf.Positional[str]
    """images: anything that `saddle train --data` takes, except the made worlds"""
    minutes: float = 24 * 60
    """minutes you have for training: what is proposed depends on them"""
    json: Path | None = None
    """.json file to write the proposal into, for `saddle train --recommended FILE`"""
    cache: Path | None = None
    """folder for downloads and packed images; by default SADDLEPOINT_CACHE or ~/.cache/saddlepoint"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle recommend DATA`."""
    options = parsed(Recommend, "saddle recommend", arguments)
    if options.data.startswith("world:"):
        raise ConfigError(
            f"{options.data} is a synthetic world: `saddle list` and a method's page say what is trained on it."
        )
    if options.json is not None and options.json.suffix != ".json":
        raise ConfigError(f"{options.json} must be called .json.")
    proposal = None if options.json is None else Destination(options.json, named=True, option="--json")
    if options.minutes <= 0:
        raise ConfigError(f"minutes cannot be {options.minutes:g}: it must be more than 0.")
    data = DataSettings(data=options.data, cache=options.cache)
    computer, (shortest, longest) = this_computer(), sides(data, _say)
    dataset = open_data(dataclasses.replace(data, resolution=resolution(shortest, computer)), say=_say)
    images = look_at(dataset, shortest, longest)
    known = methods.listing()
    proposed = [name for name in known if any(name in order for order in ORDERS.values())]
    small = {name: table["small"] for name in proposed if "small" in (table := methods.presets(name))}
    advice = advise(images, computer, known, small, options.minutes)
    settings = {"data": options.data, **advice.settings} | (
        {} if options.cache is None else {"cache": str(options.cache)}
    )
    advice, rate = timed(dataclasses.replace(advice, settings=settings), computer, options.minutes)
    print(_text(images, computer, advice, rate, options.json))
    if proposal is not None:
        with proposal as (file,):
            write_json(file, {"method": advice.method, **advice.settings})
    return 0


def timed(advice: Advice, computer: Computer, minutes: float) -> tuple[Advice, float]:
    """The advice fitted to this machine's memory and to `minutes`, and the images a second of a few real steps."""
    settings = dict(advice.settings)
    plan = plans.make(advice.method, {**settings, "grid_size": 0})
    machine = TorchMachine(plan.run.device, plan.run.precision)
    with tempfile.TemporaryDirectory() as nowhere:
        parts = assemble(plan, Folder(Path(nowhere)), machine, quiet=True)
        cut = _micro_batches(parts.trainer, computer)
        parts = assemble(plans.with_run(plan, accumulate=cut), Folder(Path(nowhere)), machine, quiet=True)
        watch = _Watch()
        parts.trainer.hooks[:] = [watch]
        parts.trainer.fit()
    if cut > 1:
        settings["accumulate"] = cut
    good, there = settings["images"], int(watch.rate * 60 * minutes)
    settings["images"] = max(plan.run.batch, min(good, there))
    times = settings["images"] / parts.trainer.data.spec.examples
    why = f"{settings['images']:,} images shown, each about {times:,.0f} times: "
    if there < good:
        why += f"what the time allows of the {good:,} that a first good result takes"
        why += "; a smaller --resolution needs less" if settings.get("resolution", 0) > SMALLEST else ""
    else:
        why += "a first good result, not a record"
    return dataclasses.replace(advice, settings=settings, reasons=(*advice.reasons, why)), watch.rate


def _micro_batches(trainer: Trainer, computer: Computer) -> int:
    """How many micro-batches keep a step within its share of the memory, as far as that can be had."""
    memory, batch = estimate(trainer), trainer.settings.batch
    cuts = [k for k in range(1, batch + 1) if batch % k == 0 and (k == 1 or batch // k >= LEAST)]
    needs = [memory.total - memory.activations + memory.activations // k for k in cuts]
    return next((k for k, size in zip(cuts, needs) if size <= ROOM * computer.memory), cuts[-1])


@final
class _Watch(Hook):
    """Times a few steps and ends the run."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._images: list[int] = []

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Note the time once the step's figures have arrived."""
        for value in report.values():
            value.cpu()  # waits for the device
        self._times.append(time.monotonic())
        self._images.append(run.clock.examples)
        if len(self._times) > STEPS or (len(self._times) > 1 and self._times[-1] - self._times[0] > SECONDS):
            run.stop("timed")

    @property
    def rate(self) -> float:
        """Images a second of the step in the middle. Raises RunError when the run was stopped before there was one."""
        if len(self._times) < 2:
            raise RunError("stopped before a step could be timed; nothing is proposed.")
        steps = zip(pairwise(self._images), pairwise(self._times))
        return statistics.median((b - a) / max(then - now, 1e-9) for (a, b), (now, then) in steps)


def _text(images: Images, computer: Computer, advice: Advice, rate: float, file: Path | None) -> str:
    shown = advice.settings["images"]
    sizes = f"{images.shortest}" if images.shortest == images.longest else f"{images.shortest} to {images.longest}"
    count = f"{images.count:,}" if images.form != "pairs" else counted(images.count, "pair")
    lines = ["the images", f"  {count}, {'grey' if images.channels == 1 else 'colour'}, {sizes} pixels"]
    lines.append(f"  {images.directions} principal components explain 90% of the variance")
    lines.append(f"  {images.near_duplicates:.1%} have a near-duplicate")
    if images.classes:
        low, high = min(images.classes.values()), max(images.classes.values())
        parts = "domain" if images.form == "domains" else "class"
        lines.append(f"  {counted(len(images.classes), parts)} of {low:,} to {counted(high, 'image')}")
    lines += [
        "the machine",
        f"  {computer.gpu or 'no GPU'}, {computer.cores} cores, {computer.memory / 2**30:.1f} GiB free",
    ]
    lines += ["proposed", f"  {advice.method}, {shown:,} images"]
    lines.append(f"  about {duration(shown / rate)}, at {rate:,.0f} images a second (a few real steps, timed)")
    lines += ["why", *(f"  - {reason}" for reason in advice.reasons)]
    lines += ["also", *(f"  {name}: {why}" for name, why in advice.others.items())] if advice.others else []
    options = [word for name, value in advice.settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    train = shlex.join(["--recommended", str(file)] if file else [advice.method, *options])
    return "\n".join([*lines, "to train", f"  saddle train {train}"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
