"""AlexNet in its one-tower form, its convolutional part. Krizhevsky 2014, arXiv:1404.5997."""

from __future__ import annotations

from typing import final

from torch import nn

from saddlepoint.nn.backbones.trunk import Trunk
from saddlepoint.nn.backbones.weights import WeightFile


@final
class AlexNet(Trunk):
    """Five taps, after each ReLU."""

    published = WeightFile(
        "alexnet-owt-7be5be79.pth",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "7be5be79",
        "BSD-3-Clause",
    )
    taps = (1, 4, 7, 9, 11)
    widths = (64, 192, 384, 256, 256)

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 64, 11, 4, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
        )
