"""report: rewrite the report of a run: samples, curves, scores and configuration in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.checkpoint.facts import read_facts
from saddlepoint.cli.arguments import parsed
from saddlepoint.engine.run import Folder
from saddlepoint.report.page import write_report


@dataclass(frozen=True, kw_only=True)
class Report:
    """Write RUN/report.html, one file that needs nothing else; also while the run is going on."""

    run: tyro.conf.Positional[Path]
    """folder of the run"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle report RUN`."""
    options = parsed(Report, "saddle report", arguments)
    read_facts(Folder(options.run))
    print(write_report(options.run))
    return 0
