"""How well codes part classes: the accuracy of simple classifiers on codes that they were not fitted to.

Two classifiers of scikit-learn, each cross-validated in five parts: the five nearest neighbours, which follow clusters
of any form, and logistic regression, whose boundaries are straight.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.text import counted

PARTS = 5
"""parts that codes are cut into, each named by what was fitted to the others; and the least codes of a class"""
_NEIGHBOURS = 5


class Separability(NamedTuple):
    """Shares of codes whose class is named rightly, 0 to 1."""

    nearest: float
    """by the classes of their five nearest neighbours"""
    linear: float
    """by logistic regression"""
    chance: float
    """by always naming the largest class"""


def separability(codes: Tensor, labels: Tensor, names: Sequence[str]) -> Separability:
    """How well codes [n, D] part the classes that `labels` [n] name by their place in `names`.

    Raises ShapeError for codes and labels that do not fit, and what `check_separable` does.
    """
    if codes.ndim != 2 or labels.shape != codes.shape[:1]:
        raise ShapeError(f"codes [n, D] have a label each, got {list(codes.shape)} and {list(labels.shape)}.")
    check_separable(labels, names)
    truth = labels.cpu().numpy()
    values = codes.detach().cpu().double().numpy()
    values = (values - values.mean(0)) / (values.std() or 1.0)  # one scale for all, which moves no neighbour
    parts = StratifiedKFold(PARTS, shuffle=True, random_state=0)
    shares = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # where classes overlap the planes are good long before
        for classifier in (KNeighborsClassifier(_NEIGHBOURS), LogisticRegression(max_iter=500)):
            shares.append(float((cross_val_predict(classifier, values, truth, cv=parts) == truth).mean()))
    nearest, linear = shares
    return Separability(nearest, linear, float(np.bincount(truth).max() / len(truth)))


def check_separable(labels: Tensor, names: Sequence[str]) -> None:
    """Raises DataError for fewer than two classes, or fewer than five codes of one."""
    if len(names) < 2:
        raise DataError("separability needs two classes or more.")
    for name, count in zip(names, labels.bincount(minlength=len(names)).tolist()):
        if count < PARTS:
            raise DataError(
                f"class {name} has {counted(count, 'image')}, and {PARTS} of each are needed: choose other classes."
            )
