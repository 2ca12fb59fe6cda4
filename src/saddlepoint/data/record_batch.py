"""Batches of records: what methods for tables take."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from saddlepoint.data.batches import Batch
from saddlepoint.kinds.kind import holds
from saddlepoint.kinds.record import Record


@dataclass(frozen=True)
class RecordBatch(Batch):
    """Rows of a table."""

    given_by = "Use --data table:FILE, of .csv or .tsv with a line of names, or world:register."

    record: Tensor = holds(Record)
    """[N, D] float32 in [-1, 1], a number a column; see `kinds.record`"""
