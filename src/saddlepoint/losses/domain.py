"""The gradient that is turned around, so that features come to tell nothing of their domain. Ganin & Lempitsky 2015,
arXiv:1409.7495, eq. 9 to 14; Ganin et al. 2016, arXiv:1505.07818, section 5.2.2.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F


def reversed_gradient(features: Tensor, strength: float) -> Tensor:
    """The features as they are; what flows back is multiplied by minus `strength`."""
    known = features.detach()
    return known + strength * (known - features)


def reversal_strength(progress: float) -> float:
    """How strongly gradients are turned: 0 at the start, 1 at the end.  progress: share of the run that is over."""
    return 2 / (1 + math.exp(-10 * progress)) - 1


def domain_loss(first: Tensor, second: Tensor) -> Tensor:
    """Cross-entropy of telling two domains apart, the sum of both sides' means; 2 log 2 where nothing tells them.

    first, second: logits of being of the second domain, for examples of each.
    """
    return F.softplus(first.float()).mean() + F.softplus(-second.float()).mean()
