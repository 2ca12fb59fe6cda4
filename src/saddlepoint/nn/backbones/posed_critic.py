"""A critic that is told the camera: StyleGAN2's, whose features are compared with the camera's own.

Chan et al. 2022, arXiv:2112.07945, section 4.3; github.com/NVlabs/eg3d.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic, widths
from saddlepoint.nn.layers.equalised import EqualisedLinear

_ROOT2 = math.sqrt(2)


@final
class PosedCritic(nn.Module):
    """Images [N, channels, S, S] and cameras [N, 22] -> logits [N].

    channels: 3, or 6 where a coarse form lies beside each image. base, most: see `stylegan2.widths`. group: images that
    are compared with each other.
    """

    def __init__(self, channels: int, side: int, base: int, most: int, group: int) -> None:
        super().__init__()
        width = widths(side, base, most)[4]
        self.trunk = StyleGAN2Critic(channels, side, base, most, group=group)
        self.trunk.output = EqualisedLinear(width, width)
        self.camera = nn.ModuleList(
            (
                EqualisedLinear(20, width, boost=_ROOT2, rate=0.01),
                EqualisedLinear(width, width, boost=_ROOT2, rate=0.01),
            )
        )

    def forward(self, image: Tensor, camera: Tensor) -> Tensor:
        features: Tensor = self.trunk(image)  # [N, width]: its last layer gives as many numbers here
        lens = camera[:, 16:20] / camera[:, [20, 21, 20, 21]]
        x = torch.cat((pose_of(camera).flatten(1), lens), 1)
        for layer in self.camera:
            x = F.leaky_relu(layer(x), 0.2)
        return (features * x).sum(1) / math.sqrt(x.shape[1])
