"""study collect: bring the answers that people sent into one table, and say who was looking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Share
from saddlepoint.deploy.destination import Destination
from saddlepoint.report.tables import print_table
from saddlepoint.runs import study

RESULTS = "results.csv"


@dataclass(frozen=True, kw_only=True)
class Collect:
    """Read the answers to a study and join them with its key, as results.csv."""

    study: tyro.conf.Positional[Path]
    """folder that `saddle study make` made"""
    answers: tyro.conf.Positional[tuple[Path, ...]]
    """files that people sent"""
    missed: Share = 0.2
    """share of the checks that somebody may miss before all of their answers are left out"""
    out: Annotated[Path | None, tyro.conf.arg()] = None
    """CSV table to write; by default results.csv in the folder of the study, where an earlier one is set aside"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle study collect STUDY FILE ...`."""
    options = parsed(Collect, "saddle study collect", arguments)
    opened = study.opened(options.study)
    answers = study.collect(opened, options.answers, missed=options.missed)
    path = options.out or options.study / RESULTS
    target = Destination(path, named=True, aside=options.out is None, inputs=options.answers)
    with target as (file,):
        study.write_results(answers, file)
    print_table(answers.people)
    print(target.path)
    return 0
