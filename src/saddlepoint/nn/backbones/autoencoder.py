"""Autoencoders as one network with two halves, `encode` and `decode`: dense, tied or not, and convolutional.

A code is [N, latent], or the smallest maps of the convolutional one, [N, C, h, w]. What is decoded is [N, *shape],
float32, as it comes: logits or means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.dcgan import Size, small_maps, widths
from saddlepoint.nn.layers.initialisation import initialise

Activation = Literal["relu", "sigmoid", "tanh", "linear"]
ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "linear": lambda x: x,
}


@final
class DenseAutoencoder(nn.Module):
    """Fully connected layers to the code and back in reverse.

    sizes: units of the layers after the image, the code's last. code: what the code layer ends in. tied: whether a
    layer's way back has the transpose of its weights (its bias is its own).
    """

    def __init__(
        self,
        shape: Sequence[int],
        sizes: Sequence[int],
        activation: Activation,
        *,
        code: Activation = "linear",
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.shape, self.activation, self.code = tuple(shape), activation, code
        pairs = list(pairwise((math.prod(shape), *sizes)))
        self.weights = nn.ParameterList(_first(outputs, inputs, activation) for inputs, outputs in pairs)
        self.biases = nn.ParameterList(torch.zeros(outputs) for _, outputs in pairs)
        self.weights_back = nn.ParameterList(
            [] if tied else [_first(inputs, outputs, activation) for inputs, outputs in pairs]
        )
        self.biases_back = nn.ParameterList(torch.zeros(inputs) for inputs, _ in pairs)

    def encode(self, x: Tensor) -> Tensor:
        """[N, *shape] -> codes [N, sizes[-1]]."""
        x = x.flatten(1)
        for k in range(len(self.weights)):
            x = self.up(k, x)
        return _full(x)

    def decode(self, code: Tensor) -> Tensor:
        """Codes [N, sizes[-1]] -> [N, *shape]."""
        x = code
        for k in reversed(range(len(self.weights))):
            x = self.down(k, x)
            x = ACTIVATIONS[self.activation](x) if k else x
        decoded: Tensor = _full(x).unflatten(1, self.shape)
        return decoded

    def up(self, layer: int, x: Tensor) -> Tensor:
        """What one layer makes of its inputs, with its activation."""
        last = layer == len(self.weights) - 1
        return ACTIVATIONS[self.code if last else self.activation](F.linear(x, self.weights[layer], self.biases[layer]))

    def down(self, layer: int, x: Tensor) -> Tensor:
        """What one layer makes of its outputs on the way back, before any activation."""
        weight = self.weights_back[layer] if len(self.weights_back) else self.weights[layer].T
        return F.linear(x, weight, self.biases_back[layer])

    def forward(self, x: Tensor) -> Tensor:
        """What is decoded from the code."""
        return self.decode(self.encode(x))


def _full(x: Tensor) -> Tensor:
    """In float32 at least, whatever the precision of the layers."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def _first(outputs: int, inputs: int, activation: Activation) -> Tensor:
    """Glorot's uniform weights, four times as wide before a sigmoid (Glorot & Bengio 2010).  [outputs, inputs]"""
    bound = math.sqrt(6 / (inputs + outputs)) * (4 if activation == "sigmoid" else 1)
    return torch.empty(outputs, inputs).uniform_(-bound, bound)


@final
class ConvAutoencoder(nn.Module):
    """Strided convolutions to maps of 4x4 (2x2 for images of 8x8) and back, with LeakyReLU .2 and ReLU between.

    latent: numbers of a code that a dense layer makes of the maps; 0 leaves the maps as the code.
    """

    def __init__(self, channels: int, size: Size, width: int, latent: int) -> None:
        super().__init__()
        maps = widths(size, width)
        self.small = (maps[-1], *small_maps(size))
        down, up = [], []
        for inputs, outputs in pairwise((channels, *maps)):
            down += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise((*maps[::-1], channels)):
            up += [nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*(up if latent else up[1:]))
        self.to_code = nn.Linear(math.prod(self.small), latent) if latent else None
        self.from_code = nn.Linear(latent, math.prod(self.small)) if latent else None
        initialise(self, "glorot")

    def encode(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> codes [N, latent], or [N, C', h, w] where the maps are the code."""
        maps: Tensor = self.down(x)
        code: Tensor = maps if self.to_code is None else self.to_code(maps.flatten(1))
        return code.float()

    def decode(self, code: Tensor) -> Tensor:
        """Codes -> [N, C, H, W]."""
        maps = code if self.from_code is None else self.from_code(code).unflatten(1, self.small)
        decoded: Tensor = self.up(maps)
        return decoded.float()

    def forward(self, x: Tensor) -> Tensor:
        """What is decoded from the code."""
        return self.decode(self.encode(x))
