"""DnCNN: a chain of 3x3 convolutions that finds the noise of an image. Zhang et al. 2017, arXiv:1608.03981, figure 1;
and its form at half the resolution, FFDNet. Zhang et al. 2018, arXiv:1710.04026, section 3.1.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class DnCNN(nn.Module):
    """Images [N, C, H, W] -> the same without their noise, float32, of any size.

    layers: convolutions in all, 2 or more. norm: batch norm between them, as in the paper. shuffle: 2 works on the four
    quarters of an image's pixels as channels, four times as fast at the same width; sides are padded where it does not
    divide. residual: give the image less what the chain finds; else what it finds.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        layers: int,
        *,
        norm: bool = True,
        shuffle: int = 1,
        outputs: int | None = None,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.shuffle, self.residual = shuffle, residual
        several = shuffle * shuffle
        middle: list[nn.Module] = []
        for _ in range(layers - 2):
            middle += [nn.Conv2d(width, width, 3, padding=1), *([nn.BatchNorm2d(width, eps=1e-4)] if norm else [])]
            middle += [nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(
            nn.Conv2d(several * channels, width, 3, padding=1),
            nn.ReLU(inplace=True),
            *middle,
            nn.Conv2d(width, several * (outputs or channels), 3, padding=1),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.layers[-1].weight, std=1e-3)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        if self.shuffle == 1:
            noise = self.layers(image)
        else:
            rest = (0, -width % self.shuffle, 0, -height % self.shuffle)
            padded = F.pad(image, rest, mode="replicate") if any(rest) else image
            noise = F.pixel_shuffle(self.layers(F.pixel_unshuffle(padded, self.shuffle)), self.shuffle)
            noise = noise[..., :height, :width]
        result: Tensor = image - noise if self.residual else noise
        return result.float()


def merged(network: DnCNN) -> DnCNN:
    """The same network with each batch norm folded into the convolution before it, as it answers in evaluation mode."""
    layers: list[nn.Module] = []
    for layer in network.layers:
        if isinstance(layer, nn.BatchNorm2d):
            convolution = layers.pop()
            assert isinstance(convolution, nn.Conv2d)
            layers.append(torch.nn.utils.fusion.fuse_conv_bn_eval(convolution.eval(), layer.eval()))
        else:
            layers.append(layer)
    folded = DnCNN(1, 1, 2, shuffle=network.shuffle, residual=network.residual)
    folded.layers = nn.Sequential(*layers)
    return folded
