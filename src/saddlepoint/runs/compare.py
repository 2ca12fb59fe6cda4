"""Compares evaluated runs: what `saddlepoint.compare` and the command line call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saddlepoint.checkpoint.facts import read_facts
from saddlepoint.engine.run import Folder
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.scores.score import check_comparable, circumstances
from saddlepoint.runs.evaluation import EVALUATION, read
from saddlepoint.runs.seeds import NOTE, over_seeds

_SAME_RESULT = ("seed", "threads", "device", "cache", "log_every", "grid_size", "checkpoint_every", "keep_checkpoints")
"""settings in which runs of one group may differ"""


def compare(*runs: str | Path, by_seed: bool = False) -> list[dict[str, Any]]:
    """A row of figures of each run, as `evaluate` left them: "run", each metric, and how exactly it was measured on
    that run as "METRIC ± one run", which says nothing of other seeds.

    runs: their folders, or evaluation files. by_seed: one row for all runs that differ in their seed alone, with mean,
    standard deviation, count and a test of the difference, as `over_seeds` has them.
    Raises ConfigError for figures that were made in different ways.
    """
    return compared([Path(run) for run in runs], by_seed=by_seed)[0]


def compared(paths: list[Path], *, by_seed: bool = False) -> tuple[list[dict[str, Any]], list[str]]:
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
                row[f"{metric} ± one run"] = own[0].spread
    notes = list(dict.fromkeys(map(circumstances, scores[paths[0]])))
    if by_seed:
        return over_seeds(_by_setting(paths, rows, metrics)), [*notes, NOTE]
    return rows, notes


def _by_setting(paths: list[Path], rows: list[dict[str, Any]], metrics: list[str]) -> dict[str, list[dict[str, float]]]:
    """The figures of each row by what its run's settings are, but for the seed: those that differ between runs."""
    plans = [_settings(path if path.is_dir() else path.parent) for path in paths]
    differing = [
        key for key in dict.fromkeys(k for plan in plans for k in plan) if len({p.get(key) for p in plans}) > 1
    ]
    groups: dict[str, list[dict[str, float]]] = {}
    for plan, row in zip(plans, rows):
        name = " ".join(f"{key}={plan.get(key, '-')}" for key in differing) or "all runs"
        groups.setdefault(name, []).append({metric: row[metric] for metric in metrics})
    return groups


def _settings(folder: Path) -> dict[str, str]:
    """What a run was trained with, by setting, as text; without its seed and what changes no result."""
    facts = read_facts(Folder(folder))
    flat = {"method": facts["method"], **facts.get("run", {}), **facts.get("data", {}), **facts.get("options", {})}
    return {name: str(value) for name, value in flat.items() if name not in _SAME_RESULT}
