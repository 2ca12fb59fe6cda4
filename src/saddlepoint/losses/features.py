"""How alike the maps are that a network makes of two images: feature matching over the scales of a critic.

Wang et al. 2018, arXiv:1711.11585, eq. 4, with the weights of the authors' code: four times the mean over the inner
maps of a scale, which for their five layers is the sum, and the mean over scales.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Scales = Sequence[Sequence[Tensor]]
"""a critic's maps by scale, each from the first layer's to the logits"""


def feature_matching(real: Scales, fake: Scales) -> Tensor:
    """Mean absolute difference of the inner maps of real images and of generated ones, times four; a scalar.

    real: is taken without gradients. The logits, the last of each scale, do not count; a scale without inner maps is 0.
    """
    scales = [
        torch.stack([F.l1_loss(one.float(), other.detach().float()) for one, other in zip(each[:-1], aim[:-1])]).mean()
        for aim, each in zip(real, fake)
        if len(each) > 1
    ]
    return 4 * torch.stack(scales).mean() if scales else fake[0][-1].new_zeros(())


def mean_feature_distance(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Squared difference of the maps' means over a batch, averaged over maps: a scalar. For domains without pairs.

    Kim et al. 2017, arXiv:1703.05192, after Salimans et al. 2016, arXiv:1606.03498, section 3.1. real, fake: maps
    [N, C, H, W], one for each layer; real ones are taken without gradients.
    """
    pairs = [(one.float().mean(0), other.detach().float().mean(0)) for one, other in zip(fake, real)]
    return torch.stack([F.mse_loss(one, other) for one, other in pairs]).mean()
