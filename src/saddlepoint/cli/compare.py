"""compare: compare evaluated runs; refuses scores that were computed with different settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from saddlepoint.cli.evaluation import EVALUATION, read
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.scores.score import check_comparable, circumstances
from saddlepoint.report.tables import print_table


@dataclass(frozen=True, kw_only=True)
class Compare:
    """One table of the figures of several runs, as `saddle evaluate` left them. Unlike protocols are refused."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """the folders of the runs, or evaluation files"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle compare RUN RUN ...`."""
    found = tyro.cli(Compare, prog="saddle compare", args=arguments)
    if len(found.runs) < 2:
        raise ConfigError("name two runs or more.")
    scores = {path: read(path if path.is_file() else path / EVALUATION) for path in found.runs}
    metrics = [score.protocol.metric for score in scores[found.runs[0]]]
    rows: list[dict[str, Any]] = [{"run": str(path)} for path in found.runs]
    for metric in metrics:
        same = {path: [score for score in own if score.protocol.metric == metric] for path, own in scores.items()}
        lacking = [str(path) for path, own in same.items() if not own]
        if lacking:
            raise ConfigError(f"{lacking[0]} was not evaluated by {metric}; evaluate it with the same --metrics.")
        check_comparable([own[0] for own in same.values()])
        for row, own in zip(rows, same.values()):
            row[metric] = own[0].value
            if own[0].spread is not None:
                row[f"{metric} ±"] = own[0].spread
    print_table(rows)
    for line in dict.fromkeys(map(circumstances, scores[found.runs[0]])):
        print(f"  {line}")
    return 0
