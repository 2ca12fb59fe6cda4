"""What classifiers of photographs share when they serve as measures: layers in a row, some of them listened to."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from saddlepoint.errors import DataError
from saddlepoint.nn.backbones.weights import WeightFile


class Trunk(nn.Module, ABC):
    """The convolutional part of a classifier, with the numbering of torchvision's `features`."""

    published: ClassVar[WeightFile]
    """torchvision's file for ImageNet"""
    taps: ClassVar[tuple[int, ...]]
    """the layers whose outputs `forward` returns, as LPIPS takes them; the last is the last layer"""
    widths: ClassVar[tuple[int, ...]]
    """channels of these outputs"""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Outputs at the taps, finest first. images: [N, 3, H, W], normalised as the weights were trained."""
        maps = []
        for index, layer in enumerate(self.features):
            images = layer(images)
            if index in self.taps:
                maps.append(images)
        return maps

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Takes a whole published file, or its convolutional part alone (`features.0.weight` or `0.weight`).

        Raises DataError when a tensor is missing or has another shape.
        """
        convolutions = {name.removeprefix("features."): value for name, value in weights.items()}
        try:
            self.features.load_state_dict({name: convolutions[name] for name in self.features.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise DataError(f"these are not the weights of {type(self).__name__}: {error}.") from None
