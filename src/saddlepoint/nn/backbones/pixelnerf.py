"""pixelNeRF's networks: maps of an image that places are projected onto, and a residual network that reads them.

Yu et al. 2021, arXiv:2012.02190, sections 4.1, 4.2 and B.1; github.com/sxyu/pixel-nerf.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.thinned import ThinnedConv2d

_POOLED = 64
"""pixels of a side beyond which the first maps are halved once more"""


@final
class _Basic(nn.Module):
    """Two 3x3 convolutions, added to what came in: the block of ResNet-34. He et al. 2016, arXiv:1512.03385."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.first_norm, self.second_norm = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.past = nn.Identity() if same else nn.Sequential(
            ThinnedConv2d(inputs, outputs, stride, bias=False), nn.BatchNorm2d(outputs)
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.second_norm(self.second(self.first_norm(self.first(features)).relu()))
        output: Tensor = (hidden + self.past(features)).relu()
        return output


@final
class PixelFeatures(nn.Module):
    """Images [N, 3, H, W] in [-1, 1] -> the maps of the first layer and of three stages of a ResNet, all at the size of
    the first: [N, 8 width, about H / 2, W / 2].

    width: channels of the first convolution; 64 of ResNet-34. blocks: of each of the three stages; 3, 4 and 6.
    """

    def __init__(self, side: int, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if side > _POOLED else nn.Identity()
        inputs, stages = width, []
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            layers = [_Basic(inputs, outputs, 2 if stage else 1)]
            layers += [_Basic(outputs, outputs, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*layers))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.outputs = width + sum(width * 2**stage for stage in range(len(blocks)))

    def forward(self, image: Tensor) -> Tensor:
        features = self.stem_norm(self.stem(image)).relu()
        maps, size = [features], features.shape[2:]
        features = self.pool(features)
        for stage in self.stages:
            features = stage(features)
            maps.append(F.interpolate(features, size, mode="bilinear", align_corners=True))
        return torch.cat(maps, 1)


def at_pixels(maps: Tensor, pixel: Tensor, size: tuple[int, int]) -> Tensor:
    """What maps hold at places of their images, bilinearly; beyond the border what is nearest.

    maps: [N, C, h, w]; the first value of a row belongs to the centre of the first pixel, the next one to a pixel that
    is W / w further. pixel: [N, P, 2], x and y in pixels. size: (H, W) of the images. Returns [N, P, C].
    """
    height, width = maps.shape[2:]
    scale = torch.tensor([width / size[1], height / size[0]], device=maps.device)
    last = torch.tensor([max(width - 1, 1), max(height - 1, 1)], device=maps.device)
    grid = (pixel - 0.5) * scale / last * 2 - 1
    sampled = F.grid_sample(maps, grid[:, None], padding_mode="border", align_corners=True)
    features: Tensor = sampled[:, :, 0].mT
    return features


@final
class _Residual(nn.Module):
    """Two linear layers, added to what came in; the second begins at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.kaiming_normal_(self.first.weight, a=0, mode="fan_in")
        nn.init.zeros_(self.first.bias)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        output: Tensor = hidden + self.second(self.first(hidden.relu()).relu())
        return output


@final
class ViewMLP(nn.Module):
    """What views say of a place and what it is, seen from each of them -> raw colour and density.

    The image's features are added before each of the first `joined` blocks; then the views are averaged.
    """

    def __init__(self, inputs: int, latent: int, width: int, blocks: int, joined: int) -> None:
        super().__init__()
        self.joined = min(joined, blocks)
        self.input, self.output = nn.Linear(inputs, width), nn.Linear(width, 4)
        self.blocks = nn.ModuleList(_Residual(width) for _ in range(blocks))
        self.latents = nn.ModuleList(nn.Linear(latent, width) for _ in range(self.joined))
        for layer in (self.input, self.output, *self.latents):
            assert isinstance(layer, nn.Linear)
            nn.init.kaiming_normal_(layer.weight, a=0, mode="fan_in")
            nn.init.zeros_(layer.bias)

    def forward(self, latent: Tensor, place: Tensor) -> Tensor:
        """[n, k, P, latent], [n, k, P, inputs] of k views -> [n, P, 4]"""
        hidden = self.input(place)
        for number, block in enumerate(self.blocks):
            if number == self.joined:
                hidden = hidden.mean(1)
            if number < self.joined:
                hidden = hidden + self.latents[number](latent)
            hidden = block(hidden)
        if len(self.blocks) == self.joined:
            hidden = hidden.mean(1)
        raw: Tensor = self.output(hidden.relu())
        return raw
