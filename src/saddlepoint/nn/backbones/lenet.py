"""A small trunk of two 5x5 convolutions, as LeCun et al. 1998's, doi:10.1109/5.726791, with batch norm."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes


@final
class LeNetTrunk(nn.Module):
    """Images [N, C, H, W] -> [N, `features`]: twice 5x5, batch norm, ReLU, and the largest of each 2x2.

    widths: channels of the two. H and W are multiples of 4. dropout: share of the second's maps that is dropped.
    """

    sizes = Sizes(multiple=4, least=4)

    def __init__(self, channels: int, size: tuple[int, int], widths: tuple[int, int], dropout: float) -> None:
        super().__init__()
        first, second = widths
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, first, 5, padding=2), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(first, second, 5, padding=2), nn.BatchNorm2d(second), nn.Dropout2d(dropout), nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Flatten()),
        )
        self.features = second * (size[0] // 4) * (size[1] // 4)
        initialise(self, "he")

    def forward(self, image: Tensor) -> Tensor:
        features: Tensor = self.layers(image)
        return features
