"""How far codes are from their prior, whole and in three parts. Chen et al. 2018, arXiv:1802.04942, equation 2.

Paper                       here
index-code mutual info      `information`: what a code tells of the image that it is of
total correlation           `total_correlation`: how far the numbers of a code are from independent of one another
dimension-wise KL           `dimensions`: how far each number is from the prior
q(z), N, M                  the mixture of the posteriors of all images, their number, and the batch's less one
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Parts(NamedTuple):
    """The divergence of codes from their prior in nats, a mean over the batch; the three sum to an estimate of it."""

    information: Tensor
    total_correlation: Tensor
    """an estimate may be below 0, where the true one is near it"""
    dimensions: Tensor


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, summed over a code.  [N, latent] twice -> [N]

    Source: Kingma & Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def log_normal(z: Tensor, mean: Tensor | float = 0.0, log_variance: Tensor | float = 0.0) -> Tensor:
    """Log-density of each number under N(mean, variance); the shapes are broadcast."""
    log_variance = torch.as_tensor(log_variance, dtype=z.dtype, device=z.device)
    return -0.5 * ((z - mean).square() * (-log_variance).exp() + log_variance + math.log(2 * math.pi))


def parts(z: Tensor, mean: Tensor, log_variance: Tensor, log_weights: Tensor) -> Parts:
    """The three parts of the divergence, by codes drawn for a batch.

    z, mean, log_variance: [N, latent]; z[i] is drawn from N(mean[i], variance[i]). log_weights: [N, N], of the
    posterior of image j in the mixture that stands for q(z) at code i; rows of `exp` sum to 1, or, for `weighted`, to
    less.
    """
    each = log_normal(z[:, None], mean, log_variance)  # [N, N, latent]: code i under the posterior of image j
    whole = (log_weights + each.sum(2)).logsumexp(1)  # log q(z)
    product = (log_weights[:, :, None] + each).logsumexp(1).sum(1)  # the sum of log q(z_j)
    own = log_normal(z, mean, log_variance).sum(1)
    prior = log_normal(z).sum(1)
    return Parts((own - whole).mean(), (whole - product).mean(), (product - prior).mean())


def exact(count: int) -> Tensor:
    """Log-weights [count, count] where the batch is all the data there is."""
    return torch.full((count, count), -math.log(count))


def weighted(batch: int, examples: int) -> Tensor:
    """Log-weights [batch, batch] of minibatch-weighted sampling (appendix C.1): 1 / (M N) each.

    They sum to 1 / N in a row, which biases the total correlation by (latent - 1) log N, though not its gradient, even
    where the batch is all the data; where it is not, the own image counts for too much as well.
    """
    return torch.full((batch, batch), -math.log(batch * max(examples, batch)))


def stratified(batch: int, examples: int) -> Tensor:
    """Log-weights [batch, batch] of minibatch-stratified sampling (appendix C.2); rows of `exp` sum to 1.

    1 / N on the diagonal, for the image that a code was drawn from; (N - M) / (N M) on the image after it, which
    stands for all that are not in the batch; 1 / M on the others. Over batches, the mean is the exact q(z).
    """
    total, others = max(examples, batch), batch - 1
    weights = torch.full((batch, batch), 1 / max(others, 1))
    rows = torch.arange(batch)
    weights[rows, (rows + 1) % batch] = (total - others) / (total * max(others, 1))
    weights[rows, rows] = 1 / total if others else 1.0
    return weights.log()
