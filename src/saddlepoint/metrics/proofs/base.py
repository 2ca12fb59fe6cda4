"""What a measure of proofs is: what it takes, which figures it gives in a table, and which way each is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.metrics.direction import Direction


@dataclass(frozen=True)
class Table:
    """What a measure has found.

    rows: figures by name, each row with its "kind" ("generated", "real", "baseline" or "other") and its "name".
    protocol: how they were made, in a sentence.
    """

    rows: Sequence[Mapping[str, Any]]
    protocol: str

    def row(self, kind: str) -> Mapping[str, Any]:
        """The first row of a kind."""
        return next(row for row in self.rows if row["kind"] == kind)

    def printed(self) -> list[dict[str, Any]]:
        """The rows as they are printed."""
        return [{name: value for name, value in row.items() if name != "kind"} for row in self.rows]


@dataclass(frozen=True)
class Measure:
    """A measure of proofs: `MEASURE` of its file, which has its name.

    compare: of a model, its data and a seed, the table.
    figures: which way each figure is better; the first is compared with the naive baseline's.
    fields: the kind that each field of the data must be.
    signed: whether the first figure may be negative, as nats of a density are: then no ratio of it says anything.
    """

    compare: Callable[[Model, Dataset, int], Table]
    figures: Mapping[str, Direction]
    fields: Mapping[str, type[Kind]] = field(default_factory=dict)
    signed: bool = False

    @property
    def key(self) -> str:
        """The figure that is compared."""
        return next(iter(self.figures))

    def __call__(self, model: Model, dataset: Dataset, seed: int) -> Table:
        """The table of a model. Raises ConfigError for data that this measure does not take."""
        for name, kind in self.fields.items():
            if not isinstance(dataset.kinds.get(name), kind):
                raise ConfigError(
                    f"this measure needs data with the field `{name}`, {kind.word}; {dataset.source} has"
                    f" {', '.join(f'`{own}`' for own in dataset.kinds)}."
                )
        return self.compare(model, dataset, seed)
