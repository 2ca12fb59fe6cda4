"""sweep: train one method with several seeds and settings, and compare them by mean and standard deviation."""

from __future__ import annotations

import re
import sys
import typing
from pathlib import Path
from typing import Any

from saddlepoint import config, methods
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import FORMS, print_as
from saddlepoint.runs.seeds import NOTE
from saddlepoint.runs.sweep import sweep

USAGE = """usage: saddle sweep METHOD [--seeds 0-4] [--SETTING VALUE,VALUE ...] [--out DIR] [--jobs N] [--to FORM]

Trains every combination of the values with every seed, a folder each, and prints a table of mean, standard deviation,
count and a test against the first row. Start it again to go on with what is left. Settings are those of `saddle train
METHOD --help-all`; one with commas is tried with each of its values.

  --seeds 0-4     seeds of the runs: 0-4, or 0,3,7 (default: 0-2)
  --out DIR       folder for the runs (default: runs/sweep-METHOD)
  --jobs N        processes at once (default: one for every two cores)
  --to FORM       how to print the table: table, markdown, csv, latex or json (default: table)

example:  saddle sweep dcgan --seeds 0-4 --objective hinge,non-saturating --data digits --examples 60000 --score fid"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle sweep METHOD ...`."""
    if not arguments or arguments[0].startswith("-"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    if "--help" in arguments:
        print(USAGE)
        return 0
    name = methods.named(arguments[0])
    options = _options(arguments[1:])
    seeds = _seeds(options.pop("seeds", ["0-2"])[0])
    out = options.pop("out", [f"runs/sweep-{name}"])[0]
    jobs = options.pop("jobs", [""])[0]
    if jobs and not (jobs.isdecimal() and int(jobs)):
        raise ConfigError(f"jobs cannot be {jobs!r}: it must be 1 or more.")
    form = config.checked("to", options.pop("to", ["table"])[0], FORMS)
    settings, grid = _settings(name, options)
    settings.setdefault("data", "digits")
    rows = sweep(arguments[0], seeds=seeds, grid=grid, out=Path(out), jobs=int(jobs) if jobs else None, **settings)
    print_as(rows, form, [NOTE])
    print(f"the same with every figure: {Path(out) / 'sweep.json'}", file=sys.stderr)
    return 0


def _options(arguments: list[str]) -> dict[str, list[str]]:
    """The words after each option, by the option's name."""
    options: dict[str, list[str]] = {}
    name = ""
    for word in arguments:
        if word.startswith("--"):
            typed, mark, value = word.removeprefix("--").partition("=")
            name = typed.replace("-", "_")
            options[name] = [value] if mark else []
        elif not name:
            raise ConfigError(f"{word!r} belongs to no option: saddle sweep METHOD --SETTING VALUE,VALUE ...")
        else:
            options[name].append(word)
    for own in ("seeds", "out", "jobs", "to"):
        if own in options and len(options[own]) != 1:
            raise ConfigError(f"--{own} takes one value.")
    return options


def _seeds(text: str) -> list[int]:
    """`0-4` or `0,3,7`."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
        if not match or int(match[2] or match[1]) < int(match[1]) or int(match[2] or match[1]) - int(match[1]) > 1000:
            raise ConfigError(f"seeds cannot be {text!r}: write 0-4, or 0,3,7.")
        seeds += range(int(match[1]), int(match[2] or match[1]) + 1)
    return seeds


def _settings(name: str, options: dict[str, list[str]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The settings that all runs share, and those with several values, each as its type says."""
    parts = (RunSettings, DataSettings, methods.load(name))
    kinds = {key: kind for part in parts for key, kind in config.field_kinds(part).items()}
    known = [key for part in parts for key in plans.names(part)]
    fixed: dict[str, Any] = {}
    grid: dict[str, list[Any]] = {}
    for key, words in config.respelt(options, *parts).items():
        if key.removeprefix("no_") in known and key not in known:
            fixed[key.removeprefix("no_")] = False
            continue
        plans.refuse_unknown(
            {key: words[0] if words else None}, known, None, lambda each: f"--{each.replace('_', '-')}"
        )
        if len(words) == 1 and "," in words[0] and key not in ("data", "cache", "data_path"):
            grid[key] = [value(key, [word], kinds[key]) for word in words[0].split(",")]
        else:
            fixed[key] = value(key, words, kinds[key])
    return fixed, grid


def value(name: str, words: list[str], kind: Any) -> Any:
    """The words of an option as its type. Raises ConfigError."""
    inside = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return tuple(value(name, [word], inside[0]) for word in words)
    if not words and kind is bool:
        return True
    if len(words) != 1:
        raise ConfigError(f"--{name.replace('_', '-')} takes one value, not {len(words)}.")
    first: ConfigError | None = None
    for form in (int, float, str):
        try:
            return config.checked(name, form(words[0]), kind)
        except ConfigError as error:
            first = first or error
        except ValueError:
            continue
    assert first is not None
    raise first
