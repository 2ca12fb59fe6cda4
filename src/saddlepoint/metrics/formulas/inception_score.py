"""Inception Score: sharp and varied class predictions. Salimans et al. 2016, arXiv:1606.03498, section 4.

exp(E_x KL(p(y|x) || p(y))), from 1 to the number of classes. It sees variety between classes only: a generator that
makes one image of each class scores best, and one that makes a single class well scores near 1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.statistics import Floats


def inception_score(probabilities: Floats, *, splits: int = 10, shuffle: int | None = 2020) -> Estimate:
    """Mean and deviation of the score over `splits` parts of the images.

    probabilities: [N, K], rows summing to 1. shuffle: seed of the permutation made before splitting, the one of
    torch-fidelity; None keeps the order. Raises ShapeError when there are fewer images than splits.
    """
    if probabilities.ndim != 2 or len(probabilities) < splits:
        raise ShapeError(f"{splits} splits need probabilities [N, K] of as many rows, got {list(probabilities.shape)}.")
    n = len(probabilities)
    order = np.arange(n)
    if shuffle is not None:
        order = np.random.RandomState(shuffle).permutation(n)
    parts = (probabilities[order[i * n // splits : (i + 1) * n // splits]].astype(np.float64) for i in range(splits))
    scores = [float(np.exp(xlogy(p, p).sum(1).mean() - xlogy(p.mean(0), p.mean(0)).sum())) for p in parts]
    return Estimate(
        float(np.mean(scores)), float(np.std(scores)), f"{splits} splits", float(np.std(scores) / np.sqrt(splits))
    )
