"""How varied the generated images are beside the real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.statistics import Doubles, Floats, Gaussian

Rows = TypeVar("Rows", bound=NDArray[Any])


def variance_ratio(real: Gaussian, fake: Gaussian) -> float:
    """Feature variance of the generated images over that of the real ones; 0 when all are alike, 1 when as varied.

    It says nothing of where the variance lies: noise has much of it. Raises ShapeError when the features differ.
    """
    if real.mean.shape != fake.mean.shape:
        raise ShapeError(f"features of {len(real.mean)} and {len(fake.mean)} numbers; use one extractor for both.")
    return float(np.trace(fake.covariance) / np.trace(real.covariance))


def variance_error(own: Gaussian, rows: Floats) -> float:
    """The standard error of the total variance of `rows` [n, d], as a share of it."""
    squares = np.square(rows - own.mean, dtype=np.float64).sum(1)
    return float(squares.std(ddof=1) / np.sqrt(len(rows)) / squares.mean())


def pair_distance(
    distance: Callable[[Rows, Rows], Doubles], images: Rows, *, pairs: int = 1000, seed: int = 0
) -> Estimate:
    """Mean distance of random pairs of different images, such as LPIPS: Zhu et al. 2017, arXiv:1711.11586, section 5.2.

    images: uint8 [N, C, H, W] or features [N, d], two or more. distance: of two batches of them, one number a pair.
    """
    if len(images) < 2:
        raise ShapeError("a pair needs two images.")
    draw = numpy_generator(seed, "pairs")
    first = draw.integers(len(images), size=pairs)
    second = (first + draw.integers(1, len(images), size=pairs)) % len(images)
    values = distance(cast(Rows, images[first]), cast(Rows, images[second]))
    error = float(values.std() / np.sqrt(pairs))
    return Estimate(float(values.mean()), error, f"standard error over {pairs} pairs", error)
