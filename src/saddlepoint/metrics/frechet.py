"""The Fréchet distance of two Gaussians, the formula behind FID. Dowson and Landau 1982; Heusel et al. 2017,
arXiv:1706.08500, eq. 6. It is the SQUARED 2-Wasserstein distance: d² = |μa - μb|² + tr(Σa + Σb - 2 (Σa Σb)^½).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.statistics import Doubles, Gaussian


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """The distance between two sets of features, in squared units of the features; 0 for equal statistics.

    Symmetric. With few images it is biased HIGH: covariances of n <= d rows lack rank.
    Raises ShapeError when the features differ in width.
    """
    if a.mean.shape != b.mean.shape:
        raise ShapeError(f"features of {len(a.mean)} and {len(b.mean)} numbers; use one extractor for both sets.")
    gap = a.mean - b.mean
    spread = np.trace(a.covariance) + np.trace(b.covariance)
    return float(gap @ gap + spread - 2 * _trace_of_root(a, b))


def _trace_of_root(a: Gaussian, b: Gaussian) -> float:
    """tr (Σa Σb)^½, without the square root of a matrix that is not symmetric.

    With Σ = Rᵀ R it is the sum of the singular values of Ra Rbᵀ, and the sum of the roots of the eigenvalues of
    Ra Σb Raᵀ. The first needs no rank and squares nothing; the second is the faster one for full covariances.
    """
    if a.root is not None and b.root is not None:
        return float(scipy.linalg.svdvals(a.root @ b.root.T, overwrite_a=True, check_finite=False).sum())
    if a.root is None and b.root is not None:
        a, b = b, a
    root = _root(a.covariance) if a.root is None else a.root
    product = root @ b.covariance @ root.T
    values = scipy.linalg.eigvalsh(product, overwrite_a=True, check_finite=False)
    return float(np.sqrt(values.clip(min=0)).sum())  # rounding leaves zeros a little below zero


def _root(covariance: Doubles) -> Doubles:
    """R with covariance = Rᵀ R: the Cholesky factor, or below full rank the one from the eigenvectors."""
    try:
        factor: Doubles = scipy.linalg.cholesky(covariance, check_finite=False)
    except scipy.linalg.LinAlgError:
        values, vectors = scipy.linalg.eigh(covariance, check_finite=False)
        factor = np.sqrt(values.clip(min=0))[:, None] * vectors.T
    return factor
