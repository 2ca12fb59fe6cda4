"""Images made pixel by pixel in reading order, and of each pixel its channels: what a network may state of a number.

Either the probability of each level on its own (van den Oord et al. 2016, arXiv:1601.06759, section 3), where each
channel also sees the channels before it within the network; or a mixture of logistics cut into bins (Salimans et al.
2017, arXiv:1701.05517), which links the channels itself.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Range
from saddlepoint.errors import ConfigError
from saddlepoint.losses.likelihood import (
    categorical,
    discretised_logistic_mixture,
    discretised_logistic_parameters,
    mixture_width,
)
from saddlepoint.methods.families.sampled import Sampled, Steps, level_value, nearest_level
from saddlepoint.nn.layers.masked import Walk


@dataclass(frozen=True, kw_only=True)
class PixelByPixel(Sampled, ABC):
    """A method whose `network` takes images, labels or None, and a `Walk` or None to [N, outputs, H, W]."""

    likelihood: Literal["categorical", "logistic-mixture"] = "categorical"
    """what is stated of a number: the probability of each of its levels, or a mixture of logistics over them"""
    shades: Annotated[int, Range(least=2, most=256)] = 256
    """levels of brightness; 2 for black and white, drawn afresh with the brightness as probability each time"""
    components: Count = 10
    """of the mixture of logistics"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.likelihood == "logistic-mixture" and self.shades == 2:
            raise ConfigError("black and white pixels need no mixture of logistics: use --likelihood categorical.")

    @property
    def levels(self) -> int:
        """As many as there are shades."""
        return self.shades

    def outputs(self, channels: int) -> int:
        """How many numbers the network states of a pixel."""
        if self.likelihood == "categorical":
            return channels * self.shades
        return mixture_width(self.components, channels)

    def colours(self, channels: int) -> int:
        """In how many turns a pixel's channels come within the network: one where the mixture links them itself."""
        return channels if self.likelihood == "categorical" else 1

    def log_probability(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Tensor:
        outputs = nets.get_submodule("network")(image, label)
        if self.likelihood == "logistic-mixture":
            return discretised_logistic_mixture(image, outputs, self.shades)
        return categorical(nearest_level(image, self.shades), self._logits(outputs, image.shape[1]))

    def steps(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Steps:
        network: Any = nets.get_submodule("network")
        _, channels, height, width = image.shape
        for walk in _places(height, width):
            here = image[:, :, walk.row, walk.column]  # [N, C], as far as known
            outputs = network(image, label, walk)
            for channel in range(channels):
                index = (channel * height + walk.row) * width + walk.column
                if self.likelihood == "logistic-mixture":
                    yield index, mixture_levels(outputs, here, channel, self.shades)
                else:
                    outputs = outputs if channel == 0 else network(image, label, walk)
                    yield index, self._logits(outputs, channels)[:, :, channel, 0, 0].log_softmax(1)

    def _logits(self, outputs: Tensor, channels: int) -> Tensor:
        """[N, C levels, H, W] -> [N, levels, C, H, W]"""
        by_colour: Tensor = outputs.unflatten(1, (channels, self.shades))
        return by_colour.movedim(2, 1)


def mixture_levels(outputs: Tensor, here: Tensor, channel: int, levels: int) -> Tensor:
    """The log-probability of each level of one channel of a pixel, given the channels before it.  [N, levels]

    outputs: of the mixture, [N, `mixture_width`, 1, 1]. here: the pixel as far as known, [N, C]. The component is not
    known, but the channels before make some of them likelier.
    """
    weights, means, log_scales, links = (
        part[..., 0, 0] for part in discretised_logistic_parameters(outputs, here.shape[1])
    )
    log_weight = weights.log_softmax(1)  # [N, M]
    for before in range(channel):
        logs = _component_levels(means, log_scales, links, here, before, levels)
        chosen = nearest_level(here[:, before], levels)[:, None, None].expand(-1, logs.shape[1], 1)
        log_weight = log_weight + logs.gather(2, chosen).squeeze(2)
    logs = _component_levels(means, log_scales, links, here, channel, levels)
    return (log_weight[:, :, None] + logs).logsumexp(1).log_softmax(1)


def _component_levels(
    means: Tensor, log_scales: Tensor, links: Tensor, here: Tensor, channel: int, levels: int
) -> Tensor:
    """The log-probability of each level of a channel under each component.  [N, M, levels]"""
    first = channel * (channel - 1) // 2
    shift = (links[:, :, first : first + channel] * here[:, None, :channel]).sum(2)
    mean, narrow = means[:, :, channel] + shift, torch.exp(-log_scales[:, :, channel])
    centred = level_value(torch.arange(levels, device=here.device), levels) - mean[:, :, None]
    half = 1 / (levels - 1)
    upper, lower = narrow[:, :, None] * (centred + half), narrow[:, :, None] * (centred - half)
    # log(sigmoid(upper) - sigmoid(lower)) without a difference of numbers that are nearly the same
    logs = -nn.functional.softplus(-upper) - nn.functional.softplus(lower)
    logs = logs + torch.log(-torch.expm1(-2 * half * narrow))[:, :, None]
    logs[..., 0] = nn.functional.logsigmoid(upper[..., 0])
    logs[..., -1] = nn.functional.logsigmoid(-lower[..., -1])
    return logs


def _places(height: int, width: int) -> Iterator[Walk]:
    walk = Walk(height, width)
    for walk.row in range(height):
        for walk.column in range(width):
            yield walk
