"""Labels: classes that no image has, and which labels a semi-supervised method is told."""

from __future__ import annotations

import numpy as np

from saddlepoint.data.batches import UNLABELLED, AdaptBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.text import counted


def kept_classes(
    labels: np.ndarray | None, rows: np.ndarray, classes: tuple[str, ...]
) -> tuple[np.ndarray | None, tuple[str, ...], list[str]]:
    """Labels and classes of the rows that are kept, and what is to be said of classes without an image.

    labels: int64 [N] of all rows. A class that lost its every image is left out. One that had none before stays, since
    its number is that of a known list, as of CIFAR-10.
    """
    if labels is None:
        return None, (), []
    before, after = (
        np.bincount(labels, minlength=len(classes)) > 0,
        np.bincount(labels[rows], minlength=len(classes)) > 0,
    )
    lost, never = before & ~after, ~before
    notes = [f"no usable image of {_few(classes, lost)}: left out"] if lost.any() else []
    notes += [f"no image of {_few(classes, never)}: nothing can be learnt of it"] if never.any() else []
    place = np.cumsum(~lost) - 1
    return place[labels[rows]], tuple(name for name, missing in zip(classes, lost) if not missing), notes


def _few(classes: tuple[str, ...], mask: np.ndarray) -> str:
    names = [name for name, one in zip(classes, mask) if one]
    return f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"


def labelled_rows(dataset: Dataset, rows: np.ndarray, per_class: int | None, seed: int) -> np.ndarray:
    """Those of `rows` whose labels are told: `per_class` of each class, a function of `seed`, ascending.

    per_class: None for all. Raises ConfigError without labels, or for a class that has fewer images.
    """
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to learn from. Sort the images into one sub-folder a class.")
    if per_class is None:
        return rows
    labels, parts = dataset.labels[rows], []
    for label, name in enumerate(dataset.classes):
        own = rows[labels == label]
        if not 1 <= per_class <= len(own):
            count = counted(len(own), "training image")
            raise ConfigError(
                f"labels_per_class cannot be {per_class}: {name} has {count}; give 1 or more, and no more than the"
                " smallest class has."
            )
        parts.append(numpy_generator(seed, "labels", label).permutation(own)[:per_class])
    return np.sort(np.concatenate(parts))


def rows_by_domain(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of `rows` that have a class, and those of the class `UNLABELLED`. Raises ConfigError without either."""
    if dataset.labels is None or UNLABELLED not in dataset.classes or len(dataset.classes) < 3:
        fault = f"{dataset.source} has no two classes and one that is called {UNLABELLED}"
        raise ConfigError(f"this method trains on AdaptBatch; {fault}. {AdaptBatch.given_by}")
    untold = dataset.labels[rows] == dataset.classes.index(UNLABELLED)
    return rows[~untold], rows[untold]
