"""compare: compare evaluated runs; refuses scores that were computed with different settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.report.tables import FORMS, print_as
from saddlepoint.runs.compare import compared


@dataclass(frozen=True, kw_only=True)
class Compare:
    """One table of the figures of several runs, as `saddle evaluate` left them. Unlike protocols are refused.

    The spread beside a figure is that of its measurement on one run; what two methods differ by is seen over seeds.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """the folders of the runs, or evaluation files"""
    by_seed: bool = False
    """one row for all runs that differ in their seed alone: mean, standard deviation, count, and a test against the
    first row"""
    to: FORMS = "table"
    """how to print it: a table for the terminal, or markdown, csv, latex or json for other programs"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle compare RUN RUN ...`."""
    options = parsed(Compare, "saddle compare", arguments)
    rows, notes = compared(list(options.runs), by_seed=options.by_seed)
    print_as(rows, options.to, notes)
    return 0
