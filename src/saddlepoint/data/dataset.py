"""A data set as the loader reads it: arrays in memory or mapped from disk, and what was done to make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from saddlepoint.data.batches import DataSpec, main_field
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds import of_array
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.text import printable

HELD_OUT_SHARE = 0.05
HELD_OUT_MOST = 2000


@dataclass(frozen=True)
class Dataset:
    """Examples by field name; row i of every field belongs together.

    fields: stored arrays [N, ...], which may be memory maps: images as uint8 [N, C, H, W], and so on by their kind.
    kinds: what one example of each field is; of fields that it does not name, found from the array.
    classes: names of the labels, in order; empty without labels. attributes: names of the attributes, likewise.
    fingerprint: hex digits that change when any pixel, label or the order does.
    notes: sentences that say how the examples were decoded, cropped and resized.
    skipped: (name, reason) of each file that could not be used.
    source: the word or path it came from.
    """

    fields: Mapping[str, np.ndarray]
    fingerprint: str
    source: str
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    attributes: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("source", "classes", "notes", "skipped", "attributes"):  # they go to terminals, pages and cards
            object.__setattr__(self, name, _printable(getattr(self, name)))
        lengths = {name: len(array) for name, array in self.fields.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"the fields of {self.source} differ in length: {lengths}.")
        known: dict[str, Kind] = {}
        for name, array in self.fields.items():
            if name == "label" and self.classes:
                known[name] = Label(self.classes)
            elif name == "attributes" and self.attributes:
                known[name] = Attributes(self.attributes)
            else:
                known[name] = self.kinds.get(name) or of_array(name, array)
        object.__setattr__(self, "kinds", known)
        if not len(self):
            raise DataError(f"{self.source} holds no usable {self.main.word.removesuffix('s')}.")

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    @property
    def main(self) -> Kind:
        """What one example is; of pairs, the target."""
        return self.kinds[main_field(self.kinds)]

    @property
    def examples(self) -> np.ndarray:
        """What the data set is about, [N, ...] as stored; of pairs, the targets."""
        return self.fields[main_field(self.kinds)]

    @property
    def images(self) -> np.ndarray:
        """The same, where they are known to be images."""
        return self.examples

    @property
    def labels(self) -> np.ndarray | None:
        """int64 [N], or None where the data has no labels."""
        return self.fields.get("label")

    def spec(self, examples: int | None = None) -> DataSpec:
        """What a method is told; `examples` is the size of the training part."""
        return DataSpec(self.kinds, self.classes, len(self) if examples is None else examples, self.attributes)

    def split(self, held_out: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and rows held out, both ascending; a function of the labels and the number of rows alone.

        held_out: share in [0, 1), None for 5 % and at most 2,000. Where there are classes (or two domains), each gives
        its share, and keeps one row in training at least. The same rows are held out in every run.
        """
        share = HELD_OUT_SHARE if held_out is None else held_out
        if not 0 <= share < 1:
            raise ConfigError(f"held_out cannot be {share}: it is a share of the images, from 0 to less than 1.")
        count = int(len(self) * share)
        if held_out is None:
            count = min(count, HELD_OUT_MOST)
        order = numpy_generator("held-out", len(self)).permutation(len(self))
        rows = order[:count] if self.labels is None else stratified(order, self.labels, count)
        return np.setdiff1d(np.arange(len(self)), rows), np.sort(rows)


def stratified(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows of `order` that leave each class its share and one row at least; fewer where none is left.

    order: a permutation of all rows. labels: int64 [N]. Each class gives count / N of its rows, rounded so that the sum
    is `count` (the largest remainders are rounded up).
    """
    names, sizes = np.unique(labels, return_counts=True)
    exact = sizes * (count / len(labels))
    quota = np.minimum(exact.astype(np.int64), sizes - 1)
    while (missing := count - quota.sum()) > 0 and (quota < sizes - 1).any():
        wanting = np.flatnonzero(quota < sizes - 1)
        largest = wanting[np.argsort(quota[wanting] - exact[wanting], kind="stable")]
        quota[largest[:missing]] += 1
    parts = [order[labels[order] == name][:most] for name, most in zip(names, quota)]
    return np.concatenate(parts) if parts else order[:0]


def _printable(value: Any) -> Any:
    """A text, or tuples of texts, that a terminal can show and UTF-8 can hold."""
    return printable(value) if isinstance(value, str) else tuple(map(_printable, value))
