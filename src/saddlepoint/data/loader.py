"""From rows of a data set to a typed batch on the device. A batch is a function of its position; nothing is remembered.

Pixels travel as uint8 and become float32 in [-1, 1] on the device; flips are keyed by (seed, epoch, row).
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.order import batches_per_epoch, epoch_of, rows_at
from saddlepoint.data.pixels import pixels
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import hashed_uniform

Raw = dict[str, Tensor]
Key = tuple[int, int, int, int, int]  # position, batch, part, parts, stage


@final
class Loader:
    """Reads batch number `position` of a stage, whole or one part of it.

    takes: the batch type that the method wants; each of its fields must be a field of the data.
    rows: the rows of `dataset` to train on.
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
        device: torch.device | str = "cpu",
    ) -> None:
        self.dataset, self.takes, self.rows = dataset, takes, rows
        self.seed, self.flip, self.device = seed, flip, torch.device(device)
        self.names = tuple(field.name for field in dataclasses.fields(takes))
        for name in self.names:
            if name not in dataset.fields:
                mend = " Sort the images into one sub-folder a class." if name == "label" else ""
                raise ConfigError(f"this method trains on {takes.__name__}; {dataset.source} has no {name}.{mend}")
        if flip and dataset.images.ndim != 4:
            raise ConfigError(f"{dataset.source} has points, not images: leave out --flip.")
        self._ahead: dict[Key, Future[Raw]] = {}
        self._thread: ThreadPoolExecutor | None = None

    @property
    def spec(self) -> DataSpec:
        """What the method may know of the data."""
        return self.dataset.spec(len(self.rows))

    def batches(self, batch: int) -> int:
        """Whole batches in an epoch. Raises ConfigError when the data is smaller than one."""
        if batch > len(self.rows):
            raise ConfigError(
                f"a batch of {batch} is larger than the {len(self.rows)} training images; use --batch {len(self.rows)}"
                " or less."
            )
        return batches_per_epoch(len(self.rows), batch)

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
        return self._batch(raw, resolution)

    def look(self, rows: np.ndarray) -> Batch:
        """Chosen rows of the data set as the first epoch shows them."""
        return self._batch(self._raw(rows, 0, 0), None)

    def _gather(self, key: Key) -> Raw:
        position, batch, part, parts, stage = key
        size = batch // parts
        order = rows_at(position, len(self.rows), batch, self.seed, stage)[part * size : (part + 1) * size]
        rows = self.rows[order]
        epoch, _ = epoch_of(position, len(self.rows), batch)
        raw = self._raw(rows, stage, epoch)
        if self.device.type == "cuda":
            raw = {name: tensor.pin_memory() for name, tensor in raw.items()}
        return raw

    def _raw(self, rows: np.ndarray, stage: int, epoch: int) -> Raw:
        raw = {name: torch.from_numpy(np.ascontiguousarray(self.dataset.fields[name][rows])) for name in self.names}
        if self.flip:
            raw["_flip"] = torch.from_numpy(hashed_uniform(rows, self.seed, "flip", stage, epoch) < 0.5)
        return raw

    def _taken(self, key: Key) -> Raw:
        ahead = self._ahead.pop(key, None)
        return self._gather(key) if ahead is None else ahead.result()

    def _read_ahead(self, key: Key) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._ahead[key] = self._thread.submit(self._gather, key)

    def _batch(self, raw: Raw, resolution: int | None) -> Batch:
        fields = {name: self._shown(name, tensor, raw, resolution) for name, tensor in raw.items() if name[0] != "_"}
        return self.takes(**fields)

    def _shown(self, name: str, tensor: Tensor, raw: Raw, resolution: int | None) -> Tensor:
        tensor = tensor.to(self.device, non_blocking=True)
        if tensor.dtype is not torch.uint8:
            return tensor
        if "_flip" in raw:
            mirrored = raw["_flip"].to(self.device, non_blocking=True)[:, None, None, None]
            tensor = torch.where(mirrored, tensor.flip(-1), tensor)
        return pixels(tensor, resolution)
