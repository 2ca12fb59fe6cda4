"""The Fréchet distance of two Gaussians, the formula behind FID. Dowson and Landau 1982; Heusel et al. 2017,
arXiv:1706.08500, eq. 6. It is the SQUARED 2-Wasserstein distance: d² = |μa - μb|² + tr(Σa + Σb - 2 (Σa Σb)^½).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles, Floats, Gaussian

_ROWS = 4096  # in float64 at once


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


def frechet_error(own: Gaussian, other: Gaussian, rows: Floats) -> float:
    """The standard error of the distance that comes from the choice of `rows` [n, d], whose statistics are `own`.

    By the delta method: each row moves the distance by its influence, h = 2 (μ - ν)ᵀ x + xᵀ (1 - A) x with x centred
    and A the optimal map between the two Gaussians. The errors of both sets add up in squares.
    """
    root = _square_root(other.covariance)
    flat = np.eye(len(own.mean)) - root @ _square_root(root @ own.covariance @ root, inverse=True) @ root
    moves: list[Doubles] = []
    for start in range(0, len(rows), _ROWS):
        centred = rows[start : start + _ROWS].astype(np.float64) - own.mean
        moves.append(2 * centred @ (own.mean - other.mean) + ((centred @ flat) * centred).sum(1))
    return float(np.concatenate(moves).std(ddof=1) / np.sqrt(len(rows)))


def _square_root(covariance: Doubles, *, inverse: bool = False) -> Doubles:
    """The symmetric root, or its inverse on the directions that the covariance has."""
    values, vectors = scipy.linalg.eigh(covariance, check_finite=False)
    values = np.sqrt(values.clip(min=0))
    if inverse:
        significant = values > values.max() * np.sqrt(np.finfo(np.float64).eps * len(values))
        values = np.divide(1, values, out=np.zeros_like(values), where=significant)
    return np.asarray((vectors * values) @ vectors.T)


def _trace_of_root(a: Gaussian, b: Gaussian) -> float:
    """tr (Σa Σb)^½, without the square root of a matrix that is not symmetric.

    It is the sum of the roots of the eigenvalues of Σa Σb. At full rank LAPACK finds these from the Cholesky factor of
    one. Where Σ = Rᵀ R is known they are those of Ra Σb Raᵀ, and their roots the singular values of Ra Rbᵀ, which needs
    no rank and squares nothing.
    """
    if a.root is not None and b.root is not None:
        return float(scipy.linalg.svdvals(a.root @ b.root.T, overwrite_a=True, check_finite=False).sum())
    if a.root is None and b.root is not None:
        a, b = b, a
    if a.root is None:
        try:
            values = scipy.linalg.eigvalsh(b.covariance, a.covariance, type=2, driver="gv", check_finite=False)
        except scipy.linalg.LinAlgError:
            values = _between(_root(a.covariance), b.covariance)
    else:
        values = _between(a.root, b.covariance)
    return float(np.sqrt(values.clip(min=0)).sum())  # rounding leaves zeros a little below zero


def _between(root: Doubles, covariance: Doubles) -> Doubles:
    product = root @ covariance @ root.T
    return np.asarray(scipy.linalg.eigvalsh(product, overwrite_a=True, check_finite=False))


def _root(covariance: Doubles) -> Doubles:
    """R with covariance = Rᵀ R from the eigenvectors, for covariances below full rank."""
    values, vectors = scipy.linalg.eigh(covariance, check_finite=False)
    return np.asarray(np.sqrt(values.clip(min=0))[:, None] * vectors.T)
