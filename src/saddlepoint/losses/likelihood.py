"""Log-likelihoods of pixels in nats, summed over an image, and how nats of a density become bits per dimension.

A probability is of something that can be counted (black and white pixels, levels of brightness) and its nats are never
above 0; a density is of something continuous and may be anything. `quantised_bound` leads from the second to the first.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ShapeError

LEVELS = 256
"""of an 8-bit pixel"""
LEAST_LOG_SCALE = -7.0
"""of a logistic: a narrower one would be sharper than any pixel is"""
_EDGE = 0.999
"""a pixel beyond this, in [-1, 1], is the darkest or brightest, whose bin reaches to infinity"""


def bernoulli(image: Tensor, logits: Tensor) -> Tensor:
    """Log-probability of black and white pixels, summed over each image.  [N, ...] twice -> [N]

    image: -1 is black and 1 is white; a grey pixel counts as the expectation over both. logits: of white.
    """
    _same_shape(image, logits)
    terms = -F.binary_cross_entropy_with_logits(logits, (image + 1) / 2, reduction="none")
    return terms.flatten(1).sum(1)


def categorical(levels: Tensor, logits: Tensor) -> Tensor:
    """Log-probability of pixels that are one of K levels, summed over each image.

    levels: [N, ...] int64 from 0 to K - 1. logits: [N, K, ...]. Returns [N].
    """
    if logits.shape[:1] + logits.shape[2:] != levels.shape:
        raise ShapeError(f"levels {tuple(levels.shape)} need logits [N, K, ...], not {tuple(logits.shape)}.")
    return -F.cross_entropy(logits, levels, reduction="none").flatten(1).sum(1)


def mixture_width(components: int, channels: int) -> int:
    """How many numbers a pixel `discretised_logistic_mixture` takes: weights, means, log-scales and links of channels.

    100 for 10 components of red, green and blue.
    """
    return components * (1 + 2 * channels + channels * (channels - 1) // 2)


def discretised_logistic_mixture(image: Tensor, parameters: Tensor, levels: int = LEVELS) -> Tensor:
    """Log-probability of pixels of `levels` levels under a mixture of logistics cut into bins.  [N]

    image: [N, C, H, W] on the levels in [-1, 1]. parameters: [N, `mixture_width`, H, W], as
    `discretised_logistic_parameters` reads them. The mean of a channel moves linearly with the channels before it (red,
    then green, then blue), by `tanh` of its links.
    Source: Salimans et al. 2017 (PixelCNN++), arXiv:1701.05517, section 2.1 and eq. 2-3; constants of the published
    code: log-scale at least -7, bins at |x| > .999 reach to infinity. The mass of a bin is worked out as a product, so
    its logarithm and gradient are finite however small it is; the published code takes the density times the width of
    the bin for a mass under 1e-5, so that its probabilities do not sum to 1.
    """
    weights, means, log_scales, links = discretised_logistic_parameters(parameters, image.shape[1])
    x = image.unsqueeze(1)  # [N, 1, C, H, W], against [N, M, C, H, W]
    means = _linked(means, links, x.expand_as(means))
    centred, narrow, half = x - means, torch.exp(-log_scales), 1 / (levels - 1)
    upper, lower = narrow * (centred + half), narrow * (centred - half)
    # log(sigmoid(upper) - sigmoid(lower)) without the difference of two numbers that may be the same when rounded
    width = torch.log(-torch.expm1(-2 * half * narrow))
    inside = width - F.softplus(-upper) - F.softplus(lower)
    darkest, brightest = upper - F.softplus(upper), -F.softplus(lower)
    logs = torch.where(x < -_EDGE, darkest, torch.where(x > _EDGE, brightest, inside))
    return (logs.sum(2) + weights.log_softmax(1)).logsumexp(1).flatten(1).sum(1)


def discretised_logistic_parameters(parameters: Tensor, channels: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a network's output says: weights (logits) [N, M, H, W], means and log-scales [N, M, C, H, W], and links
    [N, M, C (C - 1) / 2, H, W] in (-1, 1), those of green to red, of blue to red, of blue to green.

    parameters: [N, `mixture_width`, H, W]. Raises ShapeError where their number fits no number of components.
    """
    pairs = channels * (channels - 1) // 2
    each = 1 + 2 * channels + pairs
    components, rest = divmod(parameters.shape[1], each)
    if rest or not components:
        raise ShapeError(f"{parameters.shape[1]} numbers a pixel are no multiple of {each}; see mixture_width.")
    by_component = parameters.unflatten(1, (components, each))
    weights, means, log_scales, links = by_component.split((1, channels, channels, pairs), 2)
    return weights.squeeze(2), means, log_scales.clamp(min=LEAST_LOG_SCALE), links.tanh()


def draw_discretised_logistic_mixture(parameters: Tensor, uniform: Tensor, levels: int = LEVELS) -> Tensor:
    """Pixels from that mixture, as a map from noise: [N, C, H, W] on the levels in [-1, 1].

    uniform: [N, 1 + C, H, W] in [0, 1), which chooses the component and then the place in it of each channel.
    The draws are rounded to levels, which gives each exactly the probability stated above; the published code
    (arXiv:1701.05517) clips and does not round.
    """
    weights, means, log_scales, links = discretised_logistic_parameters(parameters, uniform.shape[1] - 1)
    reached = weights.softmax(1).cumsum(1)
    component = (reached < uniform[:, :1]).sum(1, keepdim=True).clamp(max=weights.shape[1] - 1)  # [N, 1, H, W]

    def chosen(values: Tensor) -> Tensor:
        where = component.unsqueeze(2).expand(-1, -1, values.shape[2], -1, -1)
        return values.gather(1, where).squeeze(1)

    mean, scale, link = chosen(means), chosen(log_scales).exp(), chosen(links)
    place = torch.logit(uniform[:, 1:].clamp(1e-5, 1 - 1e-5))
    channels: list[Tensor] = []
    for channel in range(mean.shape[1]):
        first = channel * (channel - 1) // 2
        shift = sum((link[:, first + i] * before for i, before in enumerate(channels)), torch.zeros(()))
        value = (mean[:, channel] + shift + scale[:, channel] * place[:, channel]).clamp(-1, 1)
        channels.append(((value + 1) / 2 * (levels - 1)).round() / (levels - 1) * 2 - 1)
    return torch.stack(channels, 1)


def _linked(means: Tensor, links: Tensor, image: Tensor) -> Tensor:
    """Means of each channel, moved by the channels before it.  means, image: [N, M, C, H, W]"""
    moved = []
    for channel in range(means.shape[2]):
        first = channel * (channel - 1) // 2
        before = links[:, :, first : first + channel] * image[:, :, :channel]
        moved.append(means[:, :, channel] + before.sum(2))
    return torch.stack(moved, 2)


def dequantise(image: Tensor, uniform: Tensor, levels: int = LEVELS) -> Tensor:
    """Pixels on levels in [-1, 1] as points of the unit cube, spread evenly over the bin of their level.  [N, ...]

    uniform: as the image, in [0, 1). (k + u) / levels, where k is the number of the level: both ends of a bin belong to
    one level, so there are `levels` bins in [0, 1), not one fewer.
    Source: Theis et al. 2016, arXiv:1511.01844, section 3.1; Uria et al. 2013 (RNADE), arXiv:1306.0186.
    """
    _same_shape(image, uniform)
    level = ((image + 1) / 2 * (levels - 1)).round()
    return (level + uniform) / levels


def quantised_bound(log_density: Tensor, dims: int, levels: int = LEVELS) -> Tensor:
    """A lower bound, in expectation, of the log-probability of levels, from the log-density at `dequantise` of them.

    log_density: [N] nats, over the unit cube. dims: numbers an image. Returns [N] nats: log p(y) - dims log(levels).
    Source: Theis et al. 2016, arXiv:1511.01844, eq. 5-8.
    """
    return log_density - dims * math.log(levels)


def bits_per_dim(nats: Tensor, dims: int) -> Tensor:
    """Log-probabilities in nats, [N], as bits for each of `dims` numbers: what a code would need; less is better.

    Of a density it depends on the unit of the data: give it `quantised_bound`.
    """
    return -nats / (dims * math.log(2))


def _same_shape(one: Tensor, other: Tensor) -> None:
    if one.shape != other.shape:
        raise ShapeError(f"{tuple(one.shape)} and {tuple(other.shape)} must have one shape.")
