"""Which labels a semi-supervised method is told: a few of each class, drawn once and for all by the seed."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator


def labelled_rows(dataset: Dataset, rows: np.ndarray, per_class: int | None, seed: int) -> np.ndarray:
    """Those of `rows` whose labels are told: `per_class` of each class, a function of `seed`, ascending.

    per_class: None for all. Raises ConfigError without labels, or for a class that has fewer images.
    """
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to learn from. Sort the images into one sub-folder a class.")
    if per_class is None:
        return rows
    labels, chosen = dataset.labels[rows], []
    for label, name in enumerate(dataset.classes):
        own = rows[labels == label]
        if not 1 <= per_class <= len(own):
            raise ConfigError(
                f"labels_per_class cannot be {per_class}: {name} has {len(own)} training images; give 1 or more, and no"
                " more than the smallest class has."
            )
        chosen.append(numpy_generator(seed, "labels", label).permutation(own)[:per_class])
    return np.sort(np.concatenate(chosen))
