"""data check: say what of a data set would be used, with sizes, classes, duplicates, balance and groups."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.data.settings import DataSettings
from saddlepoint.deploy.destination import Destination
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import print_table
from saddlepoint.runs.census import Census, census
from saddlepoint.storage.whole import write_json
from saddlepoint.text import counted, printable

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Check:
    """Look at a data set and say what would be used of it, and what in it a model would learn that you may not want."""

    data: tyro.conf.Positional[str]
    """images: anything that `saddle train --data` takes"""
    data_path: Path | None = None
    """folder that holds the files of a named set"""
    groups: tuple[str, ...] = ()
    """attributes whose combinations are counted, with the class where there are classes: up to three"""
    most: int = 5_000
    """images that are opened, chosen at random where there are more"""
    json: Path | None = None
    """.json file to write everything into"""
    cache: Path | None = None
    """folder for downloads; by default SADDLEPOINT_CACHE or ~/.cache/saddlepoint"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle data check DATA`."""
    options = parsed(Check, "saddle data check", arguments)
    if options.json is not None and options.json.suffix != ".json":
        raise ConfigError(f"{options.json} must be called .json.")
    if options.most < 2:
        raise ConfigError(f"--most cannot be {options.most}: it is 2 or more.")
    target = None if options.json is None else Destination(options.json, named=True, option="--json")
    settings = DataSettings(data=options.data, data_path=options.data_path, cache=options.cache)
    result = census(settings, groups=options.groups, most=options.most, say=lambda text: print(text, file=sys.stderr))
    _print(result)
    if target is not None:
        with target as (file,):
            write_json(file, dataclasses.asdict(result))
    return 0


def _print(result: Census) -> None:
    looked = "" if result.opened == result.count else f", {result.opened:,} of them opened"
    print(f"{printable(result.source)}: {counted(result.count, result.noun)}{looked}")
    print(f"  {result.training:,} would be trained on, {result.held_out:,} held out for measuring")
    for line in (*result.sizes, *result.notes):
        print(f"  {line}")
    if result.skipped:
        print(f"  {counted(len(result.skipped), 'file')} left out:")
        for name, reason in result.skipped[:_SHOWN]:
            print(f"    {printable(name)}: {reason}")
        if len(result.skipped) > _SHOWN:
            print(f"    and {len(result.skipped) - _SHOWN:,} more")
    for title, rows in (("classes", result.classes), ("attributes", result.attributes), ("groups", result.groups)):
        if rows:
            print_table(rows[: 4 * _SHOWN], title=title)
            if len(rows) > 4 * _SHOWN:
                print(f"    and {len(rows) - 4 * _SHOWN:,} more")
    if result.duplicates:
        print("near-duplicates")
        for group in result.duplicates[:_SHOWN]:
            print(f"  {', '.join(map(printable, group[:4]))}{f' and {len(group) - 4} more' if len(group) > 4 else ''}")
        if len(result.duplicates) > _SHOWN:
            print(f"  and {counted(len(result.duplicates) - _SHOWN, 'group')} more")
    print("warnings" if result.warnings else "nothing to warn of")
    for line in result.warnings:
        print(f"  - {line}")
