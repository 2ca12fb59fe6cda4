"""A data set as the loader reads it: arrays in memory or mapped from disk, and what was done to make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.keyed import numpy_generator

HELD_OUT_SHARE = 0.05
HELD_OUT_MOST = 2000


@dataclass(frozen=True)
class Dataset:
    """Examples by field name; row i of every field belongs together.

    fields: "image" is uint8 [N, C, H, W] (0..255, shown to the networks as [-1, 1]) or, in the point worlds,
        float32 [N, D] (shown as it is); "label" is int64 [N]; "attributes" is float32 [N, K] of 0 and 1. Pairs have
        "source" and "target" instead, like images. Arrays may be memory maps.
    classes: names of the labels, in order; empty without labels. attributes: names of the attributes, likewise.
    fingerprint: hex digits that change when any pixel, label or the order does.
    notes: sentences that say how the images were decoded, cropped and resized.
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

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.fields.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"the fields of {self.source} differ in length: {lengths}.")
        if not len(self):
            raise DataError(f"{self.source} holds no usable image.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def images(self) -> np.ndarray:
        """The examples: uint8 [N, C, H, W], or float32 [N, D]; of pairs, the targets."""
        return self.fields["image" if "image" in self.fields else "target"]

    @property
    def labels(self) -> np.ndarray | None:
        """int64 [N], or None where the data has no labels."""
        return self.fields.get("label")

    def spec(self, images: int | None = None) -> DataSpec:
        """What a method is told; `images` is the size of the training part."""
        shown = len(self) if images is None else images
        return DataSpec(tuple(self.images.shape[1:]), self.classes, shown, self.attributes)

    def split(self, held_out: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and rows held out, both ascending; a function of the number of rows alone.

        held_out: share in [0, 1), None for 5 % and at most 2,000. The same rows are held out in every run.
        """
        share = HELD_OUT_SHARE if held_out is None else held_out
        if not 0 <= share < 1:
            raise ConfigError(f"held_out cannot be {share}: it is a share of the images, from 0 to less than 1.")
        count = int(len(self) * share)
        if held_out is None:
            count = min(count, HELD_OUT_MOST)
        order = numpy_generator("held-out", len(self)).permutation(len(self))
        return np.sort(order[count:]), np.sort(order[:count])
