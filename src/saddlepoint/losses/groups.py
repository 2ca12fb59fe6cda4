"""The mean loss of each group, and weights that move to the worst of them. Sagawa et al. 2020, arXiv:1911.08731.

Paper         here
p_hat_g       `shares`: the share of each group in the data
l_g           `by_group`: sums over a batch, divided by what the shares let expect, so that parts of a batch add up
q_g           `towards_worst` (algorithm 1): multiplied by exp(step l_g), then set to a sum of 1
C / sqrt n_g  `adjusted` (equation 5): what a small group's loss is raised by, since it generalises less
"""

from __future__ import annotations

import torch
from torch import Tensor


def by_group(losses: Tensor, groups: Tensor, shares: Tensor) -> Tensor:
    """The mean loss of each group, estimated by one batch.  [G]

    losses: [N]. groups: [N] int64, below G. shares: [G], of each group in the data; 0 for groups without an example,
    whose loss is 0. The mean over parts of a batch is the figure of the whole.
    """
    sums = torch.zeros_like(shares).index_add(0, groups, losses.to(shares.dtype)) / len(losses)
    return torch.where(shares > 0, sums / shares.clamp_min(1e-12), 0.0)


def adjusted(losses: Tensor, shares: Tensor, examples: int, strength: float) -> Tensor:
    """Losses of groups raised by strength over the root of their number of examples.  [G]"""
    return losses + strength / (shares * examples).clamp_min(1.0).sqrt()


def towards_worst(weights: Tensor, losses: Tensor, shares: Tensor, step: float) -> Tensor:
    """The weights of groups after one step, with a sum of 1; of groups that are not there 0.  [G]"""
    logits = weights.clamp_min(1e-30).log() + step * losses
    return logits.masked_fill(shares <= 0, -torch.inf).softmax(0)
