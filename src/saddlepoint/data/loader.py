"""From rows of a data set to a typed batch on the device. A batch is a function of its position; nothing is remembered.

Examples travel as they are stored and become what the networks see on the device, by their kind. Flips and jitter are
keyed by (seed, epoch, row), so that all fields of a row are changed alike.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.batches import (
    AdaptBatch,
    Batch,
    DataSpec,
    ImageBatch,
    LabelledBatch,
    SemiBatch,
    UnpairedBatch,
    main_field,
)
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import labelled_rows, rows_by_domain
from saddlepoint.data.order import balanced_rows_at, batches_per_epoch, epoch_of, rows_at
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import hashed_uniform, key
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import PLAIN, Change, Kind
from saddlepoint.kinds.row import Row
from saddlepoint.text import counted

Raw = dict[str, tuple[Tensor, Change]]  # by field: examples as stored, and how they are changed
Rows = dict[str, tuple[str, np.ndarray, int]]  # by field: the data's field, its rows, the epoch
Key = tuple[int, int, int, int, int]  # position, batch, part, parts, stage


@final
class Loader:
    """Reads batch number `position` of a stage, whole or one part of it.

    takes: the batch type that the method wants; each of its fields must be a field of the data, but the two of an
        `UnpairedBatch`, which are the images of two classes, each drawn in an order of its own, and a field of the kind
        `Row`, which is each example's place in `rows`.
    rows: the rows of `dataset` to train on. balanced: the classes take turns, whatever the number of their images.
    labels_per_class: for a `SemiBatch`, how many images of each class are labelled; None for all. They come balanced,
        again as often as need be, beside the stream of all images, or of an `AdaptBatch` of those of the other domain.
    Raises ConfigError when the data has no such field, saying what would give it.
    """

    def __init__(
        self,
        dataset: Dataset,
        takes: type[Batch],
        rows: np.ndarray,
        *,
        seed: int = 0,
        flip: bool = False,
        jitter: int = 0,
        balanced: bool = False,
        labels_per_class: int | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self._labelled: Loader | None = None
        if issubclass(takes, SemiBatch):
            self._together: type[SemiBatch] = takes
            own = rows
            if takes is AdaptBatch:
                own, rows = rows_by_domain(dataset, rows)
            few = labelled_rows(dataset, own, labels_per_class, seed)
            takes = ImageBatch
            same: Any = {"seed": seed, "flip": flip, "jitter": jitter, "device": device}
            self._labelled = Loader(dataset, LabelledBatch, few, balanced=True, **same)
        elif labels_per_class is not None:
            raise ConfigError(f"this method trains on {takes.__name__}, not SemiBatch: leave out --labels-per-class.")
        self.dataset, self.takes, self.rows = dataset, takes, rows
        self.seed, self.flip, self.jitter, self.device = seed, flip, jitter, torch.device(device)
        self.names = tuple(field.name for field in dataclasses.fields(takes))
        self._domains = _domains(dataset, rows) if takes is UnpairedBatch else None
        for name in self.names:
            if name not in dataset.fields and self._domains is None and takes.kinds()[name] != (Row,):
                lack = f"this method trains on {takes.__name__}; {dataset.source} has no {name}."
                raise ConfigError(f"{lack} {takes.given_by}")
        if jitter < 0:
            raise ConfigError(f"jitter cannot be {jitter}: it is a number of pixels, 0 or more.")
        self._kinds = self._checked_kinds()
        self._place = np.full(len(dataset), -1)  # of each row of the data among those that are trained on
        self._place[rows] = np.arange(len(rows))
        self._height = min((kind.height for kind in self._kinds.values() if isinstance(kind, Image)), default=0)
        mirrors = flip and not jitter and any(kind.mirrors for kind in self._kinds.values())
        if (flip or jitter) and not (self._height or mirrors):
            what = dataset.main.word
            raise ConfigError(f"{dataset.source} has {what}, not images: leave out --flip and --jitter.")
        self._groups = _by_class(dataset, rows) if balanced else None
        self._ahead: dict[Key, Future[Raw]] = {}
        self._thread: ThreadPoolExecutor | None = None

    @property
    def spec(self) -> DataSpec:
        """What the method may know of the data."""
        return self.dataset.spec(len(self.rows))

    def batches(self, batch: int) -> int:
        """Whole batches in an epoch. Raises ConfigError when the data is smaller than one."""
        fewest = min(map(len, self._domains)) if self._domains else len(self.rows)
        if batch > fewest:
            count = counted(fewest, "training image")
            raise ConfigError(f"a batch of {batch} is larger than the {count}; use --batch {fewest} or less.")
        return batches_per_epoch(fewest, batch)

    def read(
        self, position: int, batch: int, *, part: int = 0, parts: int = 1, stage: int = 0, resolution: int | None = None
    ) -> Batch:
        """Part `part` of `parts` contiguous ones of draw number `position`, on the device.

        resolution: side that larger images are averaged down to; None leaves them.
        """
        key = (position, batch, part, parts, stage)
        raw = self._taken(key)
        if self.device.type == "cuda":
            self._read_ahead((position + 1, batch, part, parts, stage))
        main = self._batch(raw, self._shrink(resolution))
        if self._labelled is None:
            return main
        few = self._labelled.read(position, batch, part=part, parts=parts, stage=stage, resolution=resolution).tensors()
        return self._together(few["image"], few["label"], main.tensors()["image"])

    def first(self, n: int) -> Batch:
        """The first training examples, at most `n`, without flips and jitter."""
        return self.look(self.rows[:n], augmented=False)

    def look(self, rows: np.ndarray, *, augmented: bool = True) -> Batch:
        """Chosen rows of the data set as the first epoch shows them, or without flips and jitter.

        Of an `UnpairedBatch` each row goes to its own domain; of a `SemiBatch` they come as images with their labels.
        """
        if self._labelled is not None:
            return self._labelled.look(rows, augmented=augmented)
        raw: Raw = {}
        for number, name in enumerate(self.names):
            if self._domains is None:
                raw |= self._field(name, (name, rows, 0), 0)
            else:
                own = rows[self.dataset.fields["label"][rows] == number]
                raw |= self._field(name, (main_field(self.dataset.kinds), own, 0), 0)
        return self._batch(raw if augmented else {name: (stored, PLAIN) for name, (stored, _) in raw.items()}, 1)

    def _checked_kinds(self) -> dict[str, Kind]:
        """The kind of each field of a batch. Raises ConfigError where the method takes another one."""
        kinds: dict[str, Kind] = {}
        for name, allowed in self.takes.kinds().items():
            if allowed == (Row,):
                kinds[name] = Row()
                continue
            kinds[name] = self.dataset.main if self._domains is not None else self.dataset.kinds[name]
            if allowed and not isinstance(kinds[name], allowed):
                lack = f"this method trains on {allowed[0].word}; {self.dataset.source} has {kinds[name]}."
                raise ConfigError(f"{lack} {self.takes.given_by}")
        return kinds

    def _shrink(self, resolution: int | None) -> int:
        """How many times smaller images are to be. Raises ConfigError for a side that is no whole fraction."""
        if resolution is None:
            return 1
        height = self.spec.size[0]
        if height % resolution:
            raise ConfigError(f"images of {height} pixels cannot be averaged down to {resolution}.")
        return height // resolution

    def _gather(self, key: Key) -> Raw:
        position, batch, part, parts, stage = key
        size = batch // parts
        raw: Raw = {}
        for name, (field, rows, epoch) in self._rows(position, batch, stage).items():
            raw |= self._field(name, (field, rows[part * size : (part + 1) * size], epoch), stage)
        if self.device.type == "cuda":
            raw = {name: (stored.pin_memory(), change) for name, (stored, change) in raw.items()}
        return raw

    def _rows(self, position: int, batch: int, stage: int) -> Rows:
        if self._domains is None:
            rows = self.rows[self._order(position, batch, stage)]
            epoch = position if self._groups else epoch_of(position, len(self.rows), batch)[0]
            return {name: (name, rows, epoch) for name in self.names}
        by_domain: Rows = {}
        main = main_field(self.dataset.kinds)
        for name, own in zip(self.names, self._domains):
            order = rows_at(position, len(own), batch, key(self.seed, name), stage)
            by_domain[name] = (main, own[order], epoch_of(position, len(own), batch)[0])
        return by_domain

    def _order(self, position: int, batch: int, stage: int) -> np.ndarray:
        if self._groups is not None:
            return balanced_rows_at(position, self._groups, batch, self.seed, stage)
        return rows_at(position, len(self.rows), batch, self.seed, stage)

    def _field(self, name: str, read: tuple[str, np.ndarray, int], stage: int) -> Raw:
        field, rows, epoch = read
        if isinstance(self._kinds[name], Row):
            return {name: (torch.from_numpy(self._place[rows]), PLAIN)}
        stored = torch.from_numpy(np.ascontiguousarray(self.dataset.fields[field][rows]))
        flip = corner = None
        if self._kinds[name].mirrors:
            if self.flip:
                flip = torch.from_numpy(hashed_uniform(rows, self.seed, "flip", stage, epoch) < 0.5)
            if self.jitter:
                places = [
                    hashed_uniform(rows, self.seed, f"jitter {axis}", stage, epoch) for axis in ("down", "across")
                ]
                corner = torch.from_numpy((np.stack(places, 1) * (self.jitter + 1)).astype(np.int64))
        return {name: (stored, Change(flip, self.jitter, corner, self._height))}

    def _taken(self, key: Key) -> Raw:
        ahead = self._ahead.pop(key, None)
        return self._gather(key) if ahead is None else ahead.result()

    def _read_ahead(self, key: Key) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._ahead[key] = self._thread.submit(self._gather, key)

    def _batch(self, raw: Raw, shrink: int) -> Batch:
        return self.takes(**{name: self._shown(name, raw, shrink) for name in self.names})

    def _shown(self, name: str, raw: Raw, shrink: int) -> Tensor:
        stored, change = raw[name]
        change = dataclasses.replace(change, shrink=shrink).to(self.device)
        return self._kinds[name].shown(stored.to(self.device, non_blocking=True), change)


def _domains(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The training rows of each of two classes."""
    if dataset.labels is None or len(dataset.classes) != 2:
        count = counted(len(dataset.classes), "class") if dataset.classes else "no classes"
        fault = f"{dataset.source} has {count}, not two domains"
        raise ConfigError(f"this method trains on UnpairedBatch; {fault}. {UnpairedBatch.given_by}")
    return rows[dataset.labels[rows] == 0], rows[dataset.labels[rows] == 1]


def _by_class(dataset: Dataset, rows: np.ndarray) -> list[np.ndarray]:
    """For each class that occurs, where in `rows` its images are."""
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to balance: leave out --balanced.")
    labels = dataset.labels[rows]
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]
