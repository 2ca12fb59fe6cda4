"""A trunk of small kernels and max-pooling. Simonyan & Zisserman 2015 (VGG), arXiv:1409.1556, section 2.1."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from saddlepoint.nn.layers.initialisation import initialise

_SMALLEST = 4  # side in pixels that is not halved any more
_WIDEST = 8  # times the first width


@final
class VGGTrunk(nn.Module):
    """Images [N, C, H, W] of any size from 4 pixels on -> [N, `features`].

    At each size `depth` convolutions of 3x3 with ReLU; between sizes a 2x2 max-pool, and channels double, to at most 8
    times `width`; at the end the mean over places, where the paper has dense layers. ReLU alone, without a norm, so
    that a deconvnet can be made of it.
    """

    def __init__(self, channels: int, size: tuple[int, int], width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        side, inputs, outputs = min(size), channels, width
        while True:
            for _ in range(depth):
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
                inputs = outputs
            if side // 2 < _SMALLEST:
                break
            layers.append(nn.MaxPool2d(2))
            side, outputs = side // 2, min(2 * outputs, _WIDEST * width)
        self.layers, self.features = nn.Sequential(*layers), inputs
        initialise(self, "he")

    def forward(self, image: Tensor) -> Tensor:
        maps: Tensor = self.layers(image)
        return maps.mean((2, 3))
