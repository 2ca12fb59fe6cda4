"""train: train a method on images, from new networks or from those of a trained run."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from saddlepoint import config, methods
from saddlepoint.cli.arguments import PLAIN, described
from saddlepoint.config import read_file
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError
from saddlepoint.runs.train import train_plan

T = TypeVar("T")

_COMMON = (
    *("examples", "minutes", "batch", "seed", "device", "score", "when_unstable"),
    *("data", "data_path", "resolution", "flip", "held_out", "window"),
)
"""settings of the run and the data that `--help` shows; `--help-all` shows all"""
_BRIEF = "\n\nThe settings that are most often changed, and those of the method; --help-all shows all."


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to do with the plan."""

    out: Path | None = None
    """folder of the run; by default the next free one under runs/"""
    preset: str | None = None
    """row of the method's table of published settings"""
    config: Path | None = None
    """.toml or .json file of settings; the command line wins over it"""
    start: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """trained run whose weights to start from, instead of new networks; RUN:NAME,NAME takes those networks alone"""
    dry_run: bool = False
    """show configuration, networks, memory and the images as the networks see them; train nothing"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle train NAME ...`."""
    if arguments and arguments[0].split("=")[0] == "--recommended":
        arguments = _recommended(arguments)
    if not arguments or arguments[0].startswith("-"):
        print(_usage())
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    name, rest = methods.named(arguments[0]), arguments[1:]
    command, plan = parse(name, rest)
    if command.dry_run:
        from saddlepoint.runs.dry_run import dry_run

        dry_run(plan, out=command.out)
        return 0
    words = shlex.join(["saddle", "train", *arguments])
    trained = train_plan(plan, out=command.out, start=command.start, command=words)
    if trained.main:
        print(trained.summary())
    return 0


def _recommended(arguments: list[str]) -> list[str]:
    """`--recommended FILE ...` as `METHOD --config FILE ...`, with the method that the file names."""
    file, rest = arguments[0].partition("=")[2], arguments[1:]
    if not file:
        if not rest:
            raise ConfigError("--recommended needs the file that `saddle recommend DATA --json FILE` wrote.")
        file, rest = rest[0], rest[1:]
    name = read_file(Path(file)).get("method")
    if not isinstance(name, str):
        raise ConfigError(f"{file} names no method: make it with `saddle recommend DATA --json FILE`.")
    return [name, "--config", file, *rest]


def parse(name: str, arguments: list[str]) -> tuple[Command, plans.Plan]:
    """The command and the plan of a command line; tyro explains and exits where it is wrong."""
    kind = methods.load(name)
    early = _early(arguments)
    base = plans.make(name, {}, preset=early.preset, file=early.config)
    parts: tuple[type, ...] = (Command, RunSettings, DataSettings, kind)
    brief = "--help-all" not in arguments
    rare: dict[type, set[str]] = {}
    if brief:
        rare = {part: set(plans.names(part)) - set(_COMMON) for part in (RunSettings, DataSettings)}
    showing_help = not {"-h", "--help", "--help-all"}.isdisjoint(arguments)
    arguments = ["--help" if word == "--help-all" else word for word in arguments]
    tables = {
        "command": described(Command),
        **{
            name: described(part, rare.get(part, set()) if showing_help else ())
            for name, part in (("run", RunSettings), ("data", DataSettings), ("method", kind))
        },
    }
    flat = dataclasses.make_dataclass("Settings", list(tables.items()), kw_only=True, frozen=True)
    arguments = [_respelt(word, *parts) for word in arguments]
    _refuse_misspelt(arguments, [name for part in parts for name in plans.names(part)])
    options = tyro.cli(
        flat,
        prog=f"saddle train {name}",
        description=(sys.modules[kind.__module__].__doc__ or "").split("\n\n")[0] + (_BRIEF if brief else ""),
        args=arguments,
        default=flat(
            command=tables["command"](),
            **{part: _as(tables[part], getattr(base, part)) for part in ("run", "data", "method")},
        ),
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes, *PLAIN),
    )
    plan = plans.Plan(name, _as(RunSettings, options.run), _as(DataSettings, options.data), _as(kind, options.method))
    return options.command, plan


def _as(part: type[T], settings: Any) -> T:
    """Settings as another dataclass of the same fields."""
    return part(**{name: getattr(settings, name) for name in plans.names(part)})


def _respelt(word: str, *parts: type) -> str:
    """An option under another of its names, such as --images, as the setting is called."""
    if not word.startswith("--"):
        return word
    option, mark, value = word.partition("=")
    name = option.removeprefix("--").replace("-", "_")
    (name_today,) = config.respelt({name: None}, *parts)
    return word if name_today == name else f"--{name_today.replace('_', '-')}{mark}{value}"


def _refuse_misspelt(arguments: list[str], known: list[str]) -> None:
    """Raises ConfigError for an option that no setting has, with what it is called here or the nearest right one."""
    settings = ["help", "help_all", *known]
    batch = int(next((b for a, b in pairwise(arguments) if a == "--batch" and b.isdecimal()), 0)) or None
    for word, after in pairwise([*arguments, ""]):
        typed, mark, value = word.partition("=")
        name = typed.removeprefix("--").replace("-", "_")
        right = name in settings or name.removeprefix("no_") in settings
        if word.startswith("--") and name and (not right or name == "start") and name != "from":
            value_given = value if mark else None if after.startswith("-") else after
            plans.refuse_unknown({name: value_given}, [each for each in settings if each != "start"], batch, option)


def option(name: str) -> str:
    """A setting as it is typed."""
    return "--from" if name == "start" else f"--{name.replace('_', '-')}"


def _early(arguments: list[str]) -> Command:
    """--preset and --config, which set the defaults that the rest of the line is read with."""
    values: dict[str, str] = {}
    for place, word in enumerate(arguments):
        for option in ("preset", "config"):
            if word == f"--{option}" and place + 1 < len(arguments):
                values[option] = arguments[place + 1]
            elif word.startswith(f"--{option}="):
                values[option] = word.split("=", 1)[1]
    return Command(preset=values.get("preset"), config=Path(values["config"]) if "config" in values else None)


def _usage() -> str:
    return (
        "usage: saddle train METHOD [settings]      METHOD is one of these, or a .py file that holds one\n\n"
        f"methods: {', '.join(methods.listing())}\n\n"
        "`saddle train METHOD --help` explains the settings that are most often changed, --help-all every one.\n"
        "`saddle train --recommended FILE` trains what `saddle recommend DATA --json FILE` proposed.\n"
        "`saddle train METHOD --data ./photos --dry-run` shows what would be trained, without training."
    )
