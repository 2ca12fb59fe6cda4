"""The residual networks that WGAN-GP trains on CIFAR-10. Gulrajani et al. 2017, arXiv:1704.00028, appendix C and E.

Generator: linear to 4x4, blocks that double, batch norm. Critic: blocks that halve down to 8x8, two that do not, the
mean over all places, one linear map; no batch norm, since its slope must be each image's own. Paper: 128 maps all over.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.initialisation import initialise

CriticNorm = Literal["none", "layer"]


@final
class ResNetGenerator(nn.Module):
    """[N, latent] -> images [N, C, S, S] in [-1, 1], float32; S is 8, 16, 32 and so on.

    width: maps at the full side; with each halving they double, to at most `cap` times as many.
    """

    def __init__(self, latent: int, channels: int, resolution: int, width: int, cap: int = 1) -> None:
        super().__init__()
        doublings = resolution.bit_length() - 3  # from 4x4
        maps = [width * min(2**index, cap) for index in range(doublings, -1, -1)]  # the smallest side first
        self.project = nn.Linear(latent, 16 * maps[0])
        self.blocks = nn.Sequential(*(_UpBlock(wide, narrow) for wide, narrow in pairwise(maps)))
        self.norm = nn.BatchNorm2d(maps[-1])
        self.output = nn.Conv2d(maps[-1], channels, 3, padding=1)
        _initialise(self)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.project(latent).view(len(latent), 4, 4, -1).permute(0, 3, 1, 2)  # born channels last
        images: Tensor = self.output(F.relu(self.norm(self.blocks(x)))).float()
        return images.tanh()


@final
class ResNetCritic(nn.Module):
    """Images [N, C, S, S] -> [N] logits; S is 8, 16, 32 and so on.

    width: maps after the first block; with each halving they double, to at most `cap` times as many.
    norm: "layer" normalises each image over channels and places before each ReLU but those of the first block.
    """

    def __init__(self, channels: int, resolution: int, width: int, cap: int = 1, norm: CriticNorm = "none") -> None:
        super().__init__()
        halvings = max(1, resolution.bit_length() - 4)  # to 8x8; an image of 8x8 itself to 4x4
        maps = [width * min(2**index, cap) for index in range(halvings)]
        down = [_Block(narrow, wide, norm, halve=True) for narrow, wide in pairwise(maps)]
        level = [_Block(maps[-1], maps[-1], norm, halve=False) for _ in range(2)]
        self.blocks = nn.Sequential(_FirstBlock(channels, width), *down, *level)
        self.norm = _norm(maps[-1], norm)
        self.output = nn.Linear(maps[-1], 1, bias=False)  # it would cancel between real and fake
        _initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.norm(self.blocks(image))).mean((2, 3))  # [N, maps]
        logits: Tensor = self.output(x).squeeze(1)
        return logits


class _UpBlock(nn.Module):
    """Batch norm, ReLU, nearest doubling, 3x3; batch norm, ReLU, 3x3; beside it the doubled input by a 1x1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = nn.BatchNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        beside = F.interpolate(self.shortcut(x), scale_factor=2.0)  # a 1x1 commutes with the doubling
        x = self.conv1(F.interpolate(F.relu(self.norm1(x)), scale_factor=2.0))
        output: Tensor = self.conv2(F.relu(self.norm2(x))) + beside
        return output


class _FirstBlock(nn.Module):
    """3x3, ReLU, 3x3, halved by means; beside it the halved image by a 1x1."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(channels, outputs, 1)

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = F.avg_pool2d(self.conv2(F.relu(self.conv1(image))), 2) + self.shortcut(F.avg_pool2d(image, 2))
        return output


class _Block(nn.Module):
    """ReLU, 3x3, ReLU, 3x3; with `halve`, halved by means, and beside it the halved input by a 1x1."""

    def __init__(self, inputs: int, outputs: int, norm: CriticNorm, *, halve: bool) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(inputs, norm), nn.Conv2d(inputs, inputs, 3, padding=1)
        self.norm2, self.conv2 = _norm(inputs, norm), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if halve else nn.Identity()
        self.halve = halve

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))
        if self.halve:
            output, x = F.avg_pool2d(output, 2), F.avg_pool2d(x, 2)
        whole: Tensor = output + self.shortcut(x)
        return whole


def _norm(width: int, norm: CriticNorm) -> nn.Module:
    return nn.GroupNorm(1, width) if norm == "layer" else nn.Identity()


def _initialise(network: nn.Module) -> None:
    """He's weights, but Glorot's in the shortcuts and the output, which no ReLU follows."""
    initialise(network, "he")
    for name, module in network.named_modules():
        if name.endswith(("shortcut", "output")):
            initialise(module, "glorot")
