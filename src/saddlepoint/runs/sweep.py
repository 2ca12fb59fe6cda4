"""Trains one method with several seeds and settings, a process and a folder each, and compares them by mean and spread.

A run that is finished is not trained again and one that was stopped goes on, so the same sweep can be started again.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint import methods
from saddlepoint.checkpoint.facts import read_facts
from saddlepoint.data.sources.arrays import word_of
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import Folder
from saddlepoint.errors import ConfigError, RunError
from saddlepoint.report.log import read_log
from saddlepoint.runs.seeds import over_seeds
from saddlepoint.storage.whole import write_json

LAST = 10
"""reports at the end of a run over which losses are averaged, where it has no scores"""
_START = "import sys; from saddlepoint.cli import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep: what is set, its seed and its folder."""

    setting: Mapping[str, Any]
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """What is set, in words: "objective=hinge"."""
        return " ".join(f"{name}={value}" for name, value in self.setting.items()) or "as it is"


def sweep(
    method: str | Path,
    data: object = "digits",
    *,
    seeds: Sequence[int] = (0, 1, 2),
    grid: Mapping[str, Sequence[Any]] | None = None,
    out: str | Path = "runs/sweep",
    jobs: int | None = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Train every combination of `grid` with every seed, and return a row each: see `over_seeds`.

    method: a name or a .py file. grid: values to try, by setting. out: folder that gets one run folder each.
    jobs: processes at once; None for as many as there are pairs of cores. settings: as in `train`, for all of them.
    Raises ConfigError before anything is trained where a setting is wrong, RunError where a run failed.
    """
    name = methods.named(method)
    fixed = {"data": word_of(data), **settings}
    runs = []
    for values in itertools.product(*(grid or {}).values()):
        setting = dict(zip(grid or {}, values))
        plans.make(name, {**fixed, **setting})
        for seed in seeds:
            words = [f"{key}={value}" for key, value in setting.items()]
            folder = "-".join(
                [*("".join(c if c.isalnum() or c in "=.-_" else "_" for c in w) for w in words), f"seed={seed}"]
            )
            runs.append(SweepRun(setting, seed, Path(out) / folder))
    if not runs:
        raise ConfigError("a sweep needs one seed or more, and one value or more of each setting.")
    jobs = jobs or max(1, (os.cpu_count() or 1) // 2)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    file = [f"--method-file={Path(method).absolute()}"] if str(method).endswith(".py") else []
    with ThreadPoolExecutor(jobs) as pool:
        codes = list(pool.map(lambda run: _trained(name, run, {"threads": threads, **fixed}, file), runs))
    failed = [run for run, code in zip(runs, codes) if code]
    rows = table(run for run, code in zip(runs, codes) if not code)
    write_json(Path(out) / "sweep.json", {"method": name, "rows": rows})
    if failed:
        raise RunError(
            f"{len(failed)} of {len(runs)} runs did not end well, the first in {failed[0].folder}; see"
            f" {_words(failed[0])}. The others are in {Path(out) / 'sweep.json'}; the same sweep again goes on."
        )
    return rows


def table(runs: Iterator[SweepRun]) -> list[dict[str, Any]]:
    """A row for each setting, as `over_seeds` has it, of the scores that runs ended with, else of their losses."""
    by_setting: dict[str, list[dict[str, float]]] = {}
    for run in runs:
        by_setting.setdefault(run.name, []).append(_figures(run.folder))
    return over_seeds(by_setting)


def _figures(folder: Path) -> dict[str, float]:
    series = read_log(Folder(folder).log).figures
    scores = {name: float(each.values[-1]) for name, each in series.items() if name.startswith("score/")}
    if scores:
        return scores
    players = [name for name in series if "/" in name and not name.startswith(("rate/", "health/"))]
    return {name: float(series[name].values[-LAST:].mean()) for name in players}


def _trained(name: str, run: SweepRun, fixed: Mapping[str, Any], file: Sequence[str]) -> int:
    """Trains or resumes one run in a process of its own, whose words go into a file. Returns its exit status."""
    if Folder(run.folder).facts.exists():
        planned, last = read_facts(Folder(run.folder))["run"].get("examples"), read_log(Folder(run.folder).log).last
        if planned is not None and last.get("examples", 0) >= planned:
            return 0
        words = ["resume", str(run.folder), *file]
    else:
        options = [*_options({**fixed, **run.setting, "seed": run.seed}), "--out", str(run.folder)]
        words = ["train", name, *options, *file]
    _words(run).parent.mkdir(parents=True, exist_ok=True)
    with _words(run).open("a", encoding="utf-8") as output:
        return subprocess.run(
            [sys.executable, "-c", _START, *words], stdout=output, stderr=output, check=False
        ).returncode


def _words(run: SweepRun) -> Path:
    """The file of what a run has said."""
    return run.folder.with_name(f"{run.folder.name}.txt")


def _options(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings as a command line has them."""
    for name, value in settings.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        elif isinstance(value, list | tuple):
            yield from (f"--{option}", *map(str, value))
        elif value is not None:
            yield from (f"--{option}", str(value))
