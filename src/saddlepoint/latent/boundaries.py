"""Directions from labels: the normal of the plane that parts codes with an attribute from codes without.

InterFaceGAN: Shen et al. 2020, arXiv:1907.10786, section 3.1: a linear support vector machine on latents, whose labels
come from scores of their images. As there, of graded scores the extremes alone are used, and a part of the codes is
held out to say how well the plane parts them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from torch import Tensor

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.keyed import numpy_generator

LEAST = 20
"""codes on either side, below which no plane is sought"""
_HELD_OUT = 0.3


class Boundary(NamedTuple):
    """A plane between codes without and with an attribute."""

    vector: Tensor
    """[d], its normal, of any length, pointing to those with more of it"""
    accuracy: float
    """share of held-out codes on the right side, the mean over both sides"""
    held_out: int
    """how many codes that is of"""
    used: int
    """codes that the plane was found from"""


def boundary(codes: Tensor, score: NDArray[np.floating], *, share: float = 0.2, seed: int = 0) -> Boundary:
    """The plane for one attribute.

    codes: [n, d]. score: [n]; two values are two sides; of more the lowest and the highest `share` of the codes are.
    What is not a number is left out. seed: which codes are held out.
    Raises ShapeError for arrays that do not fit, DataError for fewer than 20 codes on a side.
    """
    if codes.ndim != 2 or score.shape != (len(codes),):
        raise ShapeError(f"a boundary needs codes [n, d] and a score each, got {list(codes.shape)}, {score.shape}.")
    low, high = _sides(score, share)
    if min(len(low), len(high)) < LEAST:
        raise DataError(f"{len(high)} images have it and {len(low)} have not: a boundary needs {LEAST} of each.")
    values = codes.detach().cpu().double().numpy()
    centre, scale = values.mean(0), values.std() or 1.0  # one scale for all, which turns no normal
    train, test = _split(low, high, seed)
    machine = LinearSVC(class_weight="balanced", dual="auto", max_iter=5000, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # where classes overlap the plane is good long before
        machine.fit((values[train] - centre) / scale, np.isin(train, high))
    right = machine.predict((values[test] - centre) / scale) == np.isin(test, high)
    accuracy = np.mean([right[np.isin(test, side)].mean() for side in (low, high)])
    return Boundary(torch.from_numpy(machine.coef_[0]).float(), float(accuracy), len(test), len(train))


def boundaries(
    codes: Tensor, scores: Mapping[str, NDArray[np.floating]], *, share: float = 0.2, seed: int = 0
) -> tuple[dict[str, Boundary], dict[str, str]]:
    """The planes of all attributes for which there is one, and why there is none of the others."""
    fitted, failed = {}, {}
    for name, score in scores.items():
        try:
            fitted[name] = boundary(codes, score, share=share, seed=seed)
        except DataError as error:
            failed[name] = str(error)
    return fitted, failed


def _sides(score: NDArray[np.floating], share: float) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The rows below and above."""
    known = np.flatnonzero(np.isfinite(score))
    values = np.unique(score[known])
    if 0 < len(values) <= 2:
        return known[score[known] == values[0]], known[score[known] != values[0]]
    order, count = known[np.argsort(score[known], kind="stable")], int(len(known) * share)
    return order[:count], order[len(order) - count :]


def _split(low: NDArray[np.integer], high: NDArray[np.integer], seed: int) -> tuple[NDArray[np.integer], ...]:
    """Rows to train on and rows held out, with the same share of each side."""
    draw, train, test = numpy_generator(seed, "boundary"), [], []
    for side in (low, high):
        mixed = draw.permutation(side)
        cut = max(1, int(len(mixed) * _HELD_OUT))
        test.append(mixed[:cut])
        train.append(mixed[cut:])
    return np.concatenate(train), np.concatenate(test)
