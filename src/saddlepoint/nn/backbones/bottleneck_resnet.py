"""A ResNet of bottlenecks as a trunk: images to features of a thirty-second of their side. He et al. 2016,
arXiv:1512.03385, table 1; with the stride in the 3x3 convolution, as all published weights have it.

Its batch norms, which detectors do not train, are worked into the convolutions: each has a bias in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.thinned import ThinnedConv2d

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""of ImageNet's colours from 0 to 1"""


@final
class BottleneckResNet(nn.Module):
    """Colour images [N, 3, H, W] in [-1, 1] -> [N, 32 width, H / 32, W / 32].

    width: channels of the first convolution; 64 of ResNet-50 and ResNet-101. blocks: of each of the four stages.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
        self.register_buffer("scale", (0.5 / deviation)[:, None, None], persistent=False)
        self.register_buffer("shift", ((0.5 - mean) / deviation)[:, None, None], persistent=False)
        self.stem = nn.Conv2d(3, width, 7, 2, 3)
        inputs, stages = width, []
        for stage, count in enumerate(blocks):
            middle = width * 2**stage
            layers = [Bottleneck(inputs, middle, stride=2 if stage else 1)]
            layers += [Bottleneck(4 * middle, middle) for _ in range(count - 1)]
            stages.append(nn.Sequential(*layers))
            inputs = 4 * middle
        self.stages = nn.ModuleList(stages)
        self.outputs = inputs

    def forward(self, image: Tensor) -> Tensor:
        features = F.max_pool2d(self.stem(image * self.scale + self.shift).relu(), 3, 2, 1)
        for stage in self.stages:
            features = stage(features)
        return features


@final
class Bottleneck(nn.Module):
    """1x1 to the middle, 3x3 with the stride, 1x1 to four times as many, added to what came in."""

    def __init__(self, inputs: int, middle: int, *, stride: int = 1) -> None:
        super().__init__()
        self.narrow, self.across = nn.Conv2d(inputs, middle, 1), nn.Conv2d(middle, middle, 3, stride, 1)
        self.wide = nn.Conv2d(middle, 4 * middle, 1)
        same = inputs == 4 * middle and stride == 1
        self.past = nn.Identity() if same else ThinnedConv2d(inputs, 4 * middle, stride)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.across(self.narrow(features).relu()).relu()
        output: Tensor = (self.wide(hidden) + self.past(features)).relu()
        return output
