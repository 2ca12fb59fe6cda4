"""The mutual information gap (MIG), in two protocols, whose figures differ. Chen et al. 2018, arXiv:1802.04942, sec. 4.

For each factor: how much more the code's number that tells most of it tells than the next one, as a share of the
factor's own entropy; the mean over factors. Mutual information alone would be as high for a factor that several numbers
share; the gap is not.

posterior: the paper's. Information is that of codes drawn from the posteriors, by the exact mixture density.
histogram: that of Locatello et al. 2019, arXiv:1811.12359: the posteriors' means, cut into 20 bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import entr
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.losses.divergence import log_normal

_PAIRS = 4_000_000
"""codes times posteriors whose densities are worked out at once"""


@dataclass(frozen=True, eq=False)
class Gap:
    """What a code tells of the factors."""

    information: np.ndarray
    """[latent, factors], mutual information in nats, not below 0"""
    entropy: np.ndarray
    """[factors], in nats"""

    @property
    def each(self) -> np.ndarray:
        """The gap of each factor, as a share of its entropy.  [factors]"""
        ordered = np.sort(self.information, 0)
        second = ordered[-2] if len(ordered) > 1 else 0.0
        return np.asarray((ordered[-1] - second) / self.entropy)

    @property
    def value(self) -> float:
        """The mean over the factors: MIG."""
        return float(self.each.mean())


def histogram(means: np.ndarray, factors: np.ndarray, bins: int = 20) -> Gap:
    """The gap by the posteriors' means [N, latent], each number cut into `bins` equal parts of its range.

    factors: whole numbers [N, factors]. Raises ShapeError for counts that differ, and for a factor of one value.
    """
    entropy = _entropies(means, factors)
    cut = [np.minimum(((z - z.min()) / (np.ptp(z) or 1) * bins).astype(np.int64), bins - 1) for z in means.T]
    information = [[_mutual(z, factor) for factor in factors.T] for z in cut]
    return Gap(np.array(information), entropy)


def posterior(mean: Tensor, log_variance: Tensor, factors: np.ndarray, *, samples: int = 10_000, seed: int = 0) -> Gap:
    """The gap by codes drawn from the posteriors, N(mean, variance), [N, latent] each.

    I(z_j; v) = H(z_j) - H(z_j | v), each entropy from `samples` codes drawn from the mixture of the posteriors, of all
    images or of those with one value of the factor. factors: whole numbers [N, factors], whose values the images have
    as the factors are distributed. Raises ShapeError as `histogram` does.
    """
    entropy = _entropies(mean, factors)
    draw = numpy_generator(seed, "mig")
    noise = torch.from_numpy(draw.standard_normal((samples, mean.shape[1]))).to(mean)

    def entropies(rows: np.ndarray) -> np.ndarray:
        """H(z_j) in nats of the mixture of these rows' posteriors, [latent]."""
        chosen = torch.from_numpy(rows[draw.integers(len(rows), size=samples)])
        z = mean[chosen] + (log_variance[chosen] / 2).exp() * noise
        within = torch.from_numpy(rows)
        at_once = max(1, _PAIRS // len(rows))
        logs = [
            log_normal(part[:, None], mean[within], log_variance[within]).logsumexp(1).sum(0)
            for part in z.split(at_once)
        ]
        return np.asarray((math.log(len(rows)) - torch.stack(logs).sum(0) / samples).double().numpy())

    whole = entropies(np.arange(len(mean)))
    information = []
    for factor in factors.T:
        values, counts = np.unique(factor, return_counts=True)
        left = np.stack([entropies(np.flatnonzero(factor == value)) for value in values])
        information.append((whole - (counts / counts.sum()) @ left).clip(min=0))
    return Gap(np.array(information).T, entropy)


def _entropies(codes: np.ndarray | Tensor, factors: np.ndarray) -> np.ndarray:
    if factors.ndim != 2 or len(factors) != len(codes) or codes.ndim != 2:
        raise ShapeError(f"codes [N, latent] and factors [N, factors]: not {codes.shape} and {factors.shape}.")
    entropy = np.array([_entropy(np.unique(factor, return_counts=True)[1]) for factor in factors.T])
    if not entropy.all():
        raise ShapeError("a factor of one value has no information to be told: leave it out.")
    return entropy


def _entropy(counts: np.ndarray) -> float:
    return float(entr(counts / counts.sum()).sum())


def _mutual(one: np.ndarray, other: np.ndarray) -> float:
    """In nats, of whole numbers [N] each."""
    pairs = np.unique(np.stack([one, other]), axis=1, return_counts=True)[1]
    return (
        _entropy(np.unique(one, return_counts=True)[1])
        + _entropy(np.unique(other, return_counts=True)[1])
        - (_entropy(pairs))
    )
