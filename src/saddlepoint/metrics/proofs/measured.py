"""The table that a proof ends with, and what makes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.dataset import Dataset


@dataclass(frozen=True)
class Measured:
    """The table that a proof ends with.

    rows: "generated", "real" and "baseline" figures by name, each with the figure `key`.
    key: the figure that is compared. higher: names of the figures of which more is better.
    protocol: how they were made, in a sentence.
    """

    rows: tuple[dict[str, Any], ...]
    key: str
    protocol: str
    higher: frozenset[str] = frozenset()

    def row(self, kind: str) -> dict[str, Any]:
        """The row of "generated", "real" or "baseline"."""
        return next(row for row in self.rows if row["kind"] == kind)

    def table(self) -> list[dict[str, Any]]:
        """The rows as they are printed."""
        return [{name: value for name, value in row.items() if name != "kind"} for row in self.rows]


Measure = Callable[[Model, Dataset, int], Measured]
