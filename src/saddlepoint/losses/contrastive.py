"""Contrast of places: a place of an image is told from other places of the same image. Park et al. 2020,
arXiv:2007.15651, eq. 2 to 4; the cross-entropy is InfoNCE's, van den Oord et al. 2018, arXiv:1807.03748, eq. 4.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def patch_contrast(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy of finding each place among the others of its own image, in nats; a scalar.

    query: [N, P, D], of the translated image. key: [N, P, D], of the given image at the same places, taken without
    gradients. Rows of length 1. log P where nothing can be told; log(1 + (P - 1) exp(-1 / temperature)) for rows that
    equal each other at one place and are at right angles elsewhere.
    """
    similar = torch.bmm(query.float(), key.detach().float().transpose(1, 2)) / temperature  # [N, P, P]
    place = torch.arange(similar.shape[1], device=query.device).expand(len(similar), -1)
    return F.cross_entropy(similar.flatten(0, 1), place.flatten())
