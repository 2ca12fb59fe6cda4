"""study analyse: say what people answered, with intervals and tests: strengths, ratings, or who passes for real."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Share
from saddlepoint.deploy.destination import Destination
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import FORMS, print_as
from saddlepoint.runs import study
from saddlepoint.storage.whole import write_json


@dataclass(frozen=True, kw_only=True)
class Analyse:
    """Work out what the answers to a study say."""

    study: tyro.conf.Positional[Path]
    """folder that `saddle study make` made"""
    answers: tyro.conf.Positional[tuple[Path, ...]]
    """files that people sent"""
    missed: Share = 0.2
    """share of the checks that somebody may miss before all of their answers are left out"""
    to: FORMS = "table"
    """form of what is printed"""
    json: Path | None = None
    """.json file to write everything into"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle study analyse STUDY FILE ...`."""
    options = parsed(Analyse, "saddle study analyse", arguments)
    if options.json is not None and options.json.suffix != ".json":
        raise ConfigError(f"{options.json} must be called .json.")
    target = None if options.json is None else Destination(options.json, named=True, option="--json")
    opened = study.opened(options.study)
    findings = study.analyse(opened, study.collect(opened, options.answers, missed=options.missed))
    print_as(findings.rows, options.to, () if findings.pairs else findings.notes)
    if findings.pairs:
        print_as(findings.pairs, options.to, findings.notes)
    if target is not None:
        with target as (file,):
            write_json(file, dataclasses.asdict(findings))
    return 0
