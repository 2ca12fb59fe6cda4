"""Train on synthetic, test on real: what generated labelled images are worth to a classifier. Esteban et al. 2017,
arXiv:1706.02633, section 4.2 (TSTR); Ravuri and Vinyals 2019, arXiv:1905.10887 (classification accuracy score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saddlepoint.errors import DataError
from saddlepoint.metrics.extractors.classifier import Labels, accuracy, fit
from saddlepoint.metrics.images import Bytes


@dataclass(frozen=True)
class TaskScore:
    """Accuracies on real held-out images, in [0, 1]."""

    synthetic: float
    """of the classifier trained on generated images, alone or beside real ones"""
    real: float
    """of the classifier trained on real images, which the first is measured against"""
    trained_on: tuple[int, int]
    """how many images these were"""


def train_on_synthetic(
    fake: tuple[Bytes, Labels], train: tuple[Bytes, Labels], test: tuple[Bytes, Labels], *, seed: int = 0
) -> TaskScore:
    """Trains one small classifier on generated and one on real images, equally long, and tests both on `test`.

    Each argument is images uint8 [N, C, H, W] with labels [N]; `test` must be in neither the training of the generator
    nor `train`. Raises DataError when `train` lacks a class of `test`, ShapeError for unfit arrays.
    """
    reached = _accuracies((fake, train), train, test, seed)
    return TaskScore(reached[0], reached[1], (len(fake[0]), len(train[0])))


def train_with_synthetic(
    fake: tuple[Bytes, Labels], train: tuple[Bytes, Labels], test: tuple[Bytes, Labels], *, seed: int = 0
) -> TaskScore:
    """As `train_on_synthetic`, but the first classifier is trained on real and generated images together.

    Both are trained equally long: where generated images help no more than the real ones again, the two are alike.
    """
    both = tuple(np.concatenate([np.asarray(part[which]) for part in (train, fake)]) for which in (0, 1))
    reached = _accuracies(((both[0], both[1]), train), train, test, seed)
    return TaskScore(reached[0], reached[1], (len(both[0]), len(train[0])))


def _accuracies(
    sets: Sequence[tuple[Bytes, Labels]], train: tuple[Bytes, Labels], test: tuple[Bytes, Labels], seed: int
) -> list[float]:
    """On `test`, of a classifier of each set."""
    classes = int(max(labels.max() for _, labels in (*sets, test))) + 1
    unseen = set(np.unique(test[1]).tolist()) - set(np.unique(train[1]).tolist())
    if unseen:
        raise DataError(f"the test images have classes that no real training image has: {sorted(unseen)}.")
    networks = [fit(images, labels, np.arange(len(images)), classes=classes, seed=seed) for images, labels in sets]
    return [accuracy(network, *test, np.arange(len(test[0]))) for network in networks]
