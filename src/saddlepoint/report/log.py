"""Reading a run's log: every figure as a series over the examples shown, and what happened on the way."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.errors import RunError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged

FACTS = frozenset({"step", "examples", "stage", "seconds"})  # where a line stands, as against what it measured
_SPELLINGS = {"images": "examples", "images_per_s": "examples_per_s"}  # in logs of earlier releases


@dataclass(frozen=True)
class Series:
    """One figure through a run: examples shown [n] and values [n], float64, in the order of the log."""

    examples: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Log:
    """A log as read.

    figures: by name, such as "critic/real".
    events: the lines with a note or a finding about the run's health, in order.
    last: step, examples and seconds of the newest figures.
    unreadable: lines before the last that are not JSON objects.
    """

    figures: Mapping[str, Series] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()
    last: Mapping[str, Any] = field(default_factory=dict)
    unreadable: int = 0


def read_log(path: Path) -> Log:
    """Read log.jsonl, one JSON object a line; a missing file is an empty log.

    A last line that a kill cut short is left out; broken lines before it are left out and counted.
    """
    examples: dict[str, array[float]] = {}
    values: dict[str, array[float]] = {}
    events: list[Mapping[str, Any]] = []
    last: dict[str, Any] = {}
    unreadable, torn = 0, False
    if not path.exists():
        return Log()
    with judged(path, RunError):
        for _, entry in documents.lines(path):
            unreadable += torn  # the line before was broken, and was not the last
            torn = entry is None
            if entry is None:
                continue
            row = {_SPELLINGS.get(name, name): value for name, value in entry.items()}
            if "note" in row or "health" in row:
                events.append(row)
                continue
            last.update((name, row[name]) for name in FACTS & row.keys())
            for name, value in row.items():
                if name not in FACTS and isinstance(value, int | float) and not isinstance(value, bool):
                    examples.setdefault(name, array("d")).append(last.get("examples", 0))
                    values.setdefault(name, array("d")).append(value)
    figures = {name: Series(np.array(examples[name]), np.array(values[name])) for name in values}
    return Log(figures, tuple(events), last, unreadable)
