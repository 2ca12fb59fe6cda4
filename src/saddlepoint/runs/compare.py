"""Compares evaluated runs: what `saddlepoint.compare` and the command line call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saddlepoint.errors import ConfigError
from saddlepoint.metrics.scores.score import check_comparable, circumstances
from saddlepoint.runs.evaluation import EVALUATION, read


def compare(*runs: str | Path) -> list[dict[str, Any]]:
    """A row of figures of each run, as `evaluate` left them: "run", each metric, and its spread as "METRIC ±".

    runs: their folders, or evaluation files. Raises ConfigError for figures that were made in different ways.
    """
    return compared([Path(run) for run in runs])[0]


def compared(paths: list[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of `compare`, and how the figures of all of them were made."""
    if len(paths) < 2:
        raise ConfigError("name two runs or more.")
    scores = {path: read(path if path.is_file() else path / EVALUATION) for path in paths}
    metrics = [score.protocol.metric for score in scores[paths[0]]]
    rows: list[dict[str, Any]] = [{"run": str(path)} for path in paths]
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
    return rows, list(dict.fromkeys(map(circumstances, scores[paths[0]])))
