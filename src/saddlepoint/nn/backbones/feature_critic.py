"""A critic at several scales that shows its inner maps. Wang et al. 2018, arXiv:1711.11585, section 3.2 and appendix;
with spectral norm as in Park et al. 2019, arXiv:1903.07291, appendix A.
"""

from __future__ import annotations

from typing import Any, Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.initialisation import Initialisation, initialise
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally
from saddlepoint.nn.sizes import Sizes

_WIDEST = 8  # times the first width


def feature_critic_sizes(scales: int) -> Sizes:
    """What such a critic takes: two pixels are left at the smallest scale, since one alone cannot be normalised."""
    return Sizes(least=2 << (scales - 1))


@final
class FeatureCritic(nn.Module):
    """Images [N, C, H, W] -> for each scale, from the full side on, its maps, of which the last are logits.

    A scale: `layers` 4x4 convolutions of stride 2, the first with `width` channels and each with twice as many, to at
    most 8 times, and one of stride 1; a last one of stride 1 makes the logits [N, 1, h, w]. LeakyReLU .2 after each but
    the last, instance norm in all but the first and the last. Between scales the image is halved by averages.
    norm: "spectral" divides all but the first and the last by what they stretch, and keeps the instance norm.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        layers: int,
        scales: int,
        norm: Literal["instance", "spectral"] = "instance",
        weights: Initialisation = "normal",
    ) -> None:
        super().__init__()
        self.sizes = feature_critic_sizes(scales)
        parts = [_layers(channels, width, layers) for _ in range(scales)]
        self.scales = nn.ModuleList(map(nn.ModuleList, parts))
        initialise(self, weights)
        if norm == "spectral":
            for scale in parts:
                for layer in scale[1:-1]:
                    normalise_spectrally(layer)

    def forward(self, image: Tensor) -> tuple[tuple[Tensor, ...], ...]:
        scales = []
        critics: Any = self.scales
        for place, layers in enumerate(critics):
            if place:
                image = F.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
            maps, x = [], image
            for layer in layers:
                x = layer(x)
                maps.append(x)
            scales.append(tuple(maps))
        return tuple(scales)


def _layers(channels: int, width: int, layers: int) -> list[nn.Module]:
    stack: list[nn.Module] = []
    for level in range(layers + 1):
        wide = width * min(2**level, _WIDEST)
        conv = nn.Conv2d(channels, wide, 4, 2 if level < layers else 1, 2, bias=not level)
        norms = [nn.InstanceNorm2d(wide)] if level else []
        stack.append(nn.Sequential(conv, *norms, nn.LeakyReLU(0.2)))
        channels = wide
    return [*stack, nn.Conv2d(channels, 1, 4, 1, 2)]
