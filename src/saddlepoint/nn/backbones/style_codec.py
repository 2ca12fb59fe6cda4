"""An encoder of VGG-19's form to its fourth stage, and a decoder that mirrors it. Huang & Belongie 2017,
arXiv:1703.06868, section 6.1; VGG: Simonyan & Zisserman 2014, arXiv:1409.1556, column E.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.errors import DataError
from saddlepoint.nn.backbones.weights import WeightFile
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes

VGG19 = WeightFile(
    "vgg19-dcbb9e9d.pth",
    "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "dcbb9e9d",
    "BSD-3-Clause",
)
_PLAN = (1, 1, "pool", 2, 2, "pool", 4, 4, 4, 4, "pool", 8)  # times the width
_BACK = (4, "up", 4, 4, 4, 2, "up", 2, 1, "up", 1)
_STAGES = {1: (1, 0), 2: (4, 2), 3: (7, 6), 4: (12, 11)}  # steps of the plan, and how many of those back
_TAPS = (0, 2, 4, 8)  # convolutions whose maps are compared: relu1_1, relu2_1, relu3_1, relu4_1
_PLACES = (0, 2, 5, 7, 10, 12, 14, 16, 19)  # of these convolutions in torchvision's file
_FLAT = 1e-4  # deviation under which a channel is the same everywhere, and is shifted only
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@final
class StyleEncoder(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> a map of each stage, of width, 2, 4 and 8 times the width, each after its ReLU.

    stages: 1 to 4; each but the first sees half the side of the one before. Borders reflect. `colours` is a 1x1
    convolution before the first that brings colours to the range of the weights.
    """

    sizes = Sizes(least=16)

    def __init__(self, channels: int, width: int, stages: int = 4) -> None:
        super().__init__()
        self.colours = nn.Conv2d(channels, channels, 1)
        self.layers = nn.ModuleList()
        inputs = channels
        for step in _PLAN[: _STAGES[stages][0]]:
            if isinstance(step, str):
                self.layers.append(nn.MaxPool2d(2, ceil_mode=True))
                continue
            self.layers.append(nn.Conv2d(inputs, step * width, 3, padding=1, padding_mode="reflect"))
            inputs = step * width
        initialise(self, "he")
        nn.init.dirac_(self.colours.weight)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps, x, place = [], self.colours(image), 0
        for layer in self.layers:
            if isinstance(layer, nn.MaxPool2d):
                x = layer(x)
                continue
            x = layer(x).relu()
            if place in _TAPS:
                maps.append(x)
            place += 1
        return maps

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Scales and shifts every channel to mean 0 and deviation 1 before its ReLU over these images [N, C, H, W].

        Random layers that are left as drawn answer ever more alike to any image (Kraehenbuehl et al. 2015,
        arXiv:1511.06856).
        """
        x = self.colours(images)
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                assert layer.bias is not None
                deviation, mean = torch.std_mean(x, (0, 2, 3))
                deviation = deviation.where(deviation > _FLAT, 1)
                layer.weight.div_(deviation[:, None, None, None])
                layer.bias.sub_(mean).div_(deviation)
                x = ((x - mean[:, None, None]) / deviation[:, None, None]).relu()

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Takes torchvision's file of VGG-19. Raises DataError where it does not fit."""
        convolutions = [layer for layer in self.layers if isinstance(layer, nn.Conv2d)]
        try:
            for place, conv in zip(_PLACES, convolutions):  # the file's later layers are left out
                conv.load_state_dict({key: weights[f"features.{place}.{key}"] for key in ("weight", "bias")})
            deviation = torch.tensor(_DEVIATION)
            self.colours.weight.copy_(torch.diag(0.5 / deviation)[:, :, None, None])
            self.colours.bias.copy_((0.5 - torch.tensor(_MEAN)) / deviation)  # type: ignore[union-attr]
        except (KeyError, RuntimeError) as error:
            raise DataError(f"these are not the weights of VGG-19 for images in colour: {error}.") from None


@final
class StyleDecoder(nn.Module):
    """Maps of an encoder's last stage, as [N, 8 width, h, w] of four -> images [N, C, 8 h, 8 w], not clamped.

    The encoder backwards, doubled by repetition.
    """

    def __init__(self, channels: int, width: int, stages: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = width << (stages - 1)
        for step in _BACK[len(_BACK) - _STAGES[stages][1] :]:
            if isinstance(step, str):
                layers.append(nn.Upsample(scale_factor=2))
                continue
            layers += [nn.Conv2d(inputs, step * width, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
            inputs = step * width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, channels, 3, padding=1, padding_mode="reflect"))
        initialise(self, "he")

    def forward(self, maps: Tensor) -> Tensor:
        images: Tensor = self.layers(maps).float()
        return images
