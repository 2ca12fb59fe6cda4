"""compare: compare evaluated runs; refuses scores that were computed with different settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.report.tables import print_table
from saddlepoint.runs.compare import compared


@dataclass(frozen=True, kw_only=True)
class Compare:
    """One table of the figures of several runs, as `saddle evaluate` left them. Unlike protocols are refused."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """the folders of the runs, or evaluation files"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle compare RUN RUN ...`."""
    options = parsed(Compare, "saddle compare", arguments)
    rows, notes = compared(list(options.runs))
    print_table(rows)
    for line in notes:
        print(f"  {line}")
    return 0
