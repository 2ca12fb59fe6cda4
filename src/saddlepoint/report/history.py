"""A run's log as a table of numbers, and as curves of matplotlib: for notebooks and own analyses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.errors import ConfigError, RunError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged

_OTHER = ("stage", "seconds", "examples_per_s")
"""columns that are no figures of the training"""


def table(log: Path) -> dict[str, np.ndarray]:
    """The reports of log.jsonl by column, float64 [reports], "step" and "examples" first; NaN where one lacks a figure.

    Notes and findings of health are left out. Raises RunError for a log that cannot be read.
    """
    rows = []
    with judged(log, RunError):
        for _, entry in documents.lines(log) if log.exists() else ():
            if entry is not None and "step" in entry and "examples_per_s" in entry:
                rows.append({key: value for key, value in entry.items() if isinstance(value, int | float)})
    names = dict.fromkeys(["step", "examples", *(name for row in rows for name in row)])
    return {name: np.array([row.get(name, np.nan) for row in rows], np.float64) for name in names}


def figure(history: Mapping[str, np.ndarray], title: str) -> Any:
    """One panel for each group of figures ("generator", "critic", "score"), over the examples seen."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("plot needs matplotlib: pip install matplotlib. run.history has the numbers.") from None
    groups: dict[str, list[str]] = {}
    for name in history:
        if "/" in name and name.split("/")[0] not in ("health", "learning_rate"):
            groups.setdefault(name.split("/")[0], []).append(name)
    canvas = Figure(figsize=(5.5 * max(1, len(groups)), 3.5), layout="constrained")
    panels = canvas.subplots(1, max(1, len(groups)), squeeze=False)[0]
    for panel, (group, names) in zip(panels, groups.items()):
        for name in names:
            there = ~np.isnan(history[name])
            panel.plot(history["examples"][there], history[name][there], label=name.split("/", 1)[1])
        panel.set(title=group, xlabel="examples seen")
        panel.legend()
    canvas.suptitle(title)
    return canvas
