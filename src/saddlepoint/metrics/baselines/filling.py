"""Holes filled from what is around them: by a membrane (Laplace's equation) or a thin plate (the biharmonic one)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags, identity, kron
from scipy.sparse.linalg import spsolve


def filled(images: np.ndarray, known: np.ndarray, *, plate: bool = False) -> np.ndarray:
    """Images [N, C, H, W] with what is not known, [N, H, W] bool, filled; what is known stays.

    plate: the biharmonic equation, whose solutions go on with the slope of the edge, instead of Laplace's. Chan & Shen
    2001, doi:10.1137/S0036139900368844. Images with no known pixel become mid-grey.
    """
    result = np.array(images, np.float64)
    smooth = _laplacian(images.shape[2], images.shape[3])
    operator = csr_matrix(smooth @ smooth) if plate else smooth
    for image, mask in zip(result, known.reshape(len(known), -1)):
        if mask.all():
            continue
        if not mask.any():
            image[:] = 0.5
            continue
        values = image.reshape(len(image), -1)  # a view: what is written here is in `result`
        hole = operator[~mask]
        inner = hole[:, ~mask] + 1e-9 * identity(int((~mask).sum()))
        values[:, ~mask] = np.stack([spsolve(inner.tocsc(), -(hole[:, mask] @ channel[mask])) for channel in values])
    return result


def _laplacian(height: int, width: int) -> csr_matrix:
    """Each pixel less the mean of its neighbours, times their number; the border has fewer."""

    def line(count: int) -> csr_matrix:
        own = np.full(count, 2.0)
        own[[0, -1]] = 1.0
        return diags([own, -np.ones(count - 1), -np.ones(count - 1)], [0, 1, -1])

    return csr_matrix(kron(line(height), identity(width)) + kron(identity(height), line(width)))
