"""Content and style of images by the maps of a network that is given: any extractor that returns maps will do.

content     Johnson et al. 2016, arXiv:1603.08155, eq. 2; Gatys et al. 2016, doi:10.1109/CVPR.2016.265, eq. 1
Gram        Gatys et al. 2016, eq. 3 and 4; divided by the number of places, as in the authors' later code
statistics  Huang & Belongie 2017, arXiv:1703.06868, eq. 8 and 13: means and deviations stand for a style

Every function works in float32. A map is [N, C, h, w]; a style's maps may be of another size than the image's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Maps = Sequence[Tensor]
"""of one set of images, one for each layer that is compared"""


def content_distance(maps: Maps, aims: Maps, weights: Sequence[float] | None = None, *, squared: bool = True) -> Tensor:
    """Weighted sum over layers of the mean squared, or absolute, difference of maps. Aims have no gradient."""
    far = F.mse_loss if squared else F.l1_loss
    each = [far(one.float(), aim.detach().float()) for one, aim in zip(maps, aims)]
    return _weighted(each, weights)


def gram(maps: Tensor) -> Tensor:
    """The mean over places of the products of any two channels.  [N, C, h, w] -> [N, C, C]"""
    flat = maps.float().flatten(2)
    return torch.bmm(flat, flat.transpose(1, 2)) / flat.shape[2]


def gram_distance(maps: Maps, aims: Maps, weights: Sequence[float] | None = None) -> Tensor:
    """Weighted sum over layers of the mean squared difference of Gram matrices; a scalar. Aims have no gradient."""
    return _weighted([F.mse_loss(gram(one), gram(aim).detach()) for one, aim in zip(maps, aims)], weights)


def statistics(maps: Tensor, epsilon: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel over places, [N, C, 1, 1] each; epsilon is added to the unbiased variance."""
    variance, mean = torch.var_mean(maps.float(), (2, 3), keepdim=True)
    return mean, (variance + epsilon).sqrt()


def statistics_distance(maps: Maps, aims: Maps, weights: Sequence[float] | None = None) -> Tensor:
    """Weighted sum over layers of the mean squared differences of means and of deviations. Aims have no gradient."""
    each = []
    for one, aim in zip(maps, aims):
        pairs = zip(statistics(one), statistics(aim.detach()))
        each.append(torch.stack([F.mse_loss(own, other) for own, other in pairs]).sum())
    return _weighted(each, weights)


def restyled(content: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Maps of a content [N, C, h, w] with the mean and deviation of a style, [N, C, 1, 1] each: AdaIN, eq. 8."""
    own_mean, own_deviation = statistics(content)
    return (content - own_mean) / own_deviation * deviation + mean


def _weighted(each: Sequence[Tensor], weights: Sequence[float] | None) -> Tensor:
    stacked = torch.stack(list(each))
    return stacked.sum() if weights is None else (stacked * stacked.new_tensor(weights)).sum()
