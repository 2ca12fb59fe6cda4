"""VGG-16, its convolutional part. Simonyan and Zisserman 2014, arXiv:1409.1556, column D."""

from __future__ import annotations

from typing import final

from torch import nn

from saddlepoint.nn.backbones.trunk import Trunk
from saddlepoint.nn.backbones.weights import WeightFile

_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions between halvings


@final
class VGG16(Trunk):
    """Five taps: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3."""

    published = WeightFile(
        "vgg16-397923af.pth",
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        "397923af",
        "BSD-3-Clause",
    )
    taps = (3, 8, 15, 22, 29)
    widths = (64, 128, 256, 512, 512)

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        inputs = 3
        for outputs, convolutions in _STAGES:
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        super().__init__(*layers[:-1])
