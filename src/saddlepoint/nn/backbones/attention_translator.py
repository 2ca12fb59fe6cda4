"""A translator that says where it changes an image, and with what. Tang et al. 2021, arXiv:1911.11897, eq. 3 to 6."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm


@final
class AttentionTranslator(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32; H and W are multiples of 4.

    A `ResNetTranslator` without its last layer gives `parts` images and one mask more; at each place masks sum to 1.
    The result is the sum of the images by their masks, and of the given image by the last.

    kept: logit of the last mask at first.
    """

    def __init__(
        self, channels: int, width: int, blocks: int, parts: int, norm: Norm = "instance", kept: float = 0.0
    ) -> None:
        super().__init__()
        trunk = ResNetTranslator(channels, width, blocks, norm)
        self.sizes = trunk.sizes
        self.trunk = nn.Sequential(trunk.first, trunk.down, trunk.blocks, trunk.up)
        self.contents = nn.Conv2d(width, parts * channels, 7, padding=3, padding_mode="reflect")
        self.masks = nn.Conv2d(width, parts + 1, 1)
        for layer in (self.contents, self.masks):
            initialise(layer, "normal", 0.02)
        if self.masks.bias is not None:
            nn.init.constant_(self.masks.bias[-1:], kept)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.trunk(image)
        contents = self.contents(maps).float().tanh().unflatten(1, (-1, image.shape[1]))
        masks = self.masks(maps).float().softmax(1)
        images: Tensor = (torch.cat((contents, image[:, None]), 1) * masks[:, :, None]).sum(1)
        return images

    def change(self, image: Tensor) -> Tensor:
        """How much of each place is new, 0 to 1.  [N, 1, H, W]"""
        kept: Tensor = self.masks(self.trunk(image)).float().softmax(1)[:, -1:]
        return 1 - kept
