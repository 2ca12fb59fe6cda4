"""Sparse codes by FISTA, and the least-squares update of a dictionary whose atoms have at most unit length.

The objective has no factor 1/2: |x - a D|^2 + penalty |a|_1, summed over an example's numbers. So `penalty` is twice
the alpha of scikit-learn's `sparse_encode`; its `Lasso` also divides the square by the number of values.
Sources: Beck & Teboulle 2009, doi:10.1137/080716542 (FISTA); O'Donoghue & Candes 2015, arXiv:1204.3982, section 3.2
(restart); Mairal et al. 2009, doi:10.1145/1553374.1553463, algorithm 2 (the update).
"""

from __future__ import annotations

import torch
from torch import Tensor

_UNUSED = 1e-8
"""mean square of a code's number below which its atom counts as unused"""


def sparse_codes(
    x: Tensor,
    atoms: Tensor,
    penalty: float,
    steps: int,
    largest: Tensor,
    toward: Tensor | None = None,
    pull: float = 0.0,
) -> Tensor:
    """Codes [N, K] that minimise `objective`, plus pull |a - toward|^2, by `steps` steps from zero (or `toward`).

    x: [N, D]. atoms: [K, D]. largest: the largest eigenvalue of `atoms @ atoms.T`, see `largest_eigenvalue`. toward:
    [N, K]. The momentum of each row begins anew where it leads uphill, so that rows do not depend on one another.
    """
    gram, cross = atoms @ atoms.T, x @ atoms.T
    rate = 1 / (largest + pull)  # half the gradient has this slope at most
    target = torch.zeros_like(cross) if toward is None else toward
    codes = ahead = target
    time = torch.ones_like(cross[:, :1])
    for _ in range(steps):
        slope = ahead @ gram - cross + pull * (ahead - target)
        moved = shrink(ahead - rate * slope, penalty / 2 * rate)
        uphill = ((ahead - moved) * (moved - codes)).sum(1, keepdim=True) > 0
        time = torch.where(uphill, torch.ones_like(time), time)
        later = (1 + (1 + 4 * time.square()).sqrt()) / 2
        ahead = moved + (time - 1) / later * (moved - codes)
        codes, time = moved, later
    return codes


def shrink(values: Tensor, threshold: Tensor | float) -> Tensor:
    """Values moved towards zero by `threshold`, and set to zero where they are nearer."""
    return values.sign() * (values.abs() - threshold).clamp_min(0)


def objective(x: Tensor, atoms: Tensor, codes: Tensor, penalty: float) -> Tensor:
    """|x - a D|^2 + penalty |a|_1 of each example.  [N]"""
    return (x - codes @ atoms).square().sum(1) + penalty * codes.abs().sum(1)


def largest_eigenvalue(atoms: Tensor) -> Tensor:
    """The largest eigenvalue of `atoms @ atoms.T`, a scalar.  [K, D]"""
    small = atoms @ atoms.T if len(atoms) <= atoms.shape[1] else atoms.T @ atoms
    largest: Tensor = torch.linalg.eigvalsh(small)[-1]
    return largest


def fit_atoms(atoms: Tensor, gram: Tensor, cross: Tensor) -> Tensor:
    """The atoms one after the other set to what minimises the squared error for fixed codes, in the unit ball.

    atoms: [K, D]. gram: the mean of a a^T over examples, [K, K]. cross: the mean of a x^T, [K, D]. Atoms that no code
    uses stay as they are. The objective never rises. Returns new atoms.
    """
    fitted = atoms.clone()
    for k, used in enumerate(gram.diagonal().tolist()):
        if used > _UNUSED:
            moved = fitted[k] + (cross[k] - gram[k] @ fitted) / used
            fitted[k] = moved / moved.norm().clamp_min(1)
    return fitted


def unused(gram: Tensor) -> Tensor:
    """Which atoms no code uses, [K] bool. gram: the mean of a a^T over examples, [K, K]."""
    return gram.diagonal() <= _UNUSED


def at_full_contrast(atoms: Tensor) -> Tensor:
    """Atoms [K, D], each scaled so that its largest value is 1 or -1: to look at."""
    return atoms / atoms.abs().amax(1, keepdim=True).clamp_min(1e-12)
