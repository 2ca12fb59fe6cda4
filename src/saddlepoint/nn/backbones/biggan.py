"""The residual networks of SAGAN and BigGAN. Brock et al. 2019, arXiv:1809.11096, appendix B; arXiv:1805.08318.

Paper             here
ch                width
shared embedding  `shared`: a vector for each class, from which every norm takes its gains by a linear map of its own
hierarchical z    the latent is cut in as many parts as there are blocks, and one; each block has its part beside the
                  class. Numbers that are left over are not used
projection        the critic's features, summed over places, times a vector for each class (arXiv:1802.05637)
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from saddlepoint.nn.layers.class_norm import ClassNorm2d
from saddlepoint.nn.layers.initialisation import Initialisation, initialise
from saddlepoint.nn.layers.self_attention import SelfAttention2d
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally


def generator_maps(resolution: int) -> list[int]:
    """Channels at 4x4 and after each doubling, in multiples of the width: even to 32 pixels, as for CIFAR-10."""
    doublings = resolution.bit_length() - 3
    if resolution <= 32:
        return [4] * (doublings + 1)
    return [16, *(min(16, 1 << (doublings - number + (doublings == 4))) for number in range(1, doublings + 1))]


def critic_maps(resolution: int) -> tuple[list[int], list[bool]]:
    """Channels after each block, in multiples of the width, and whether it halves."""
    if resolution <= 32:
        halvings = max(1, resolution.bit_length() - 4)
        return [4] * (halvings + 2), [True] * halvings + [False] * 2
    halvings = resolution.bit_length() - 3
    widths = [min(16, 1 << number) for number in range(halvings)]
    return [*widths, 16], [True] * halvings + [False]


@final
class BigGANGenerator(nn.Module):
    """[N, latent] and labels [N] int64 -> images [N, C, S, S] in [-1, 1], float32; S is 8, 16, 32 and so on.

    shared: length of the shared embedding; 0 gives each norm gains of its own for each class (SAGAN).
    hierarchical: a part of the latent for each block; needs `shared`. attention: side of the maps that attend; 0 none.
    spectral: norm the weights. rule: of the first weights.
    """

    def __init__(
        self,
        latent: int,
        channels: int,
        resolution: int,
        width: int,
        classes: int,
        *,
        shared: int = 128,
        hierarchical: bool = True,
        attention: int = 0,
        spectral: bool = True,
        rule: Initialisation = "orthogonal",
    ) -> None:
        super().__init__()
        maps = [width * factor for factor in generator_maps(resolution)]
        self.classes, parts = classes, len(maps) if hierarchical else 1
        self.part = latent // parts
        self.hierarchical = hierarchical
        self.shared = nn.Embedding(classes, shared) if shared else None
        condition = shared + (self.part if hierarchical else 0)
        self.project = nn.Linear(self.part, 16 * maps[0])
        self.blocks, self.attend = nn.ModuleList(), nn.ModuleDict()
        for number, (wide, narrow) in enumerate(pairwise(maps)):
            self.blocks.append(_Up(wide, narrow, condition, classes))
            if 8 << number == attention:
                self.attend[str(number)] = SelfAttention2d(narrow)
        self.norm, self.output = nn.BatchNorm2d(maps[-1]), nn.Conv2d(maps[-1], channels, 3, padding=1)
        initialise(self, rule)
        if spectral:
            normalise_spectrally(self)

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        parts = list(latent[:, : self.part * (len(self.blocks) + 1)].split(self.part, 1))
        known = label if self.shared is None else self.shared(label)
        if not self.hierarchical:
            parts = [latent, *[latent[:, :0]] * len(self.blocks)]
        x = self.project(parts[0]).unflatten(1, (-1, 4, 4))
        for number, block in enumerate(self.blocks):
            x = block(x, known if self.shared is None else torch.cat([known, parts[number + 1]], 1))
            if str(number) in self.attend:
                x = self.attend[str(number)](x)
        images: Tensor = self.output(F.relu(self.norm(x))).float()
        return images.tanh()


@final
class BigGANCritic(nn.Module):
    """Images [N, C, S, S] and labels [N] int64 -> [N] logits; S is 8, 16, 32 and so on.

    attend: numbers of the blocks after which places attend to each other. All weights are normed spectrally.
    """

    def __init__(
        self,
        channels: int,
        resolution: int,
        width: int,
        classes: int,
        *,
        attend: Collection[int] = (),
        rule: Initialisation = "orthogonal",
    ) -> None:
        super().__init__()
        factors, halves = critic_maps(resolution)
        maps = [channels, *(width * factor for factor in factors)]
        self.blocks = nn.ModuleList(
            _Down(narrow, wide, halve=halve, first=number == 0)
            for number, ((narrow, wide), halve) in enumerate(zip(pairwise(maps), halves))
        )
        self.attend = nn.ModuleDict({str(number): SelfAttention2d(maps[number + 1]) for number in attend})
        self.output, self.classes = nn.Linear(maps[-1], 1), nn.Embedding(classes, maps[-1])
        initialise(self, rule)
        nn.init.orthogonal_(self.classes.weight) if rule == "orthogonal" else nn.init.normal_(self.classes.weight)
        normalise_spectrally(self)
        parametrizations.spectral_norm(self.classes)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        x = image
        for number, block in enumerate(self.blocks):
            x = block(x)
            if str(number) in self.attend:
                x = self.attend[str(number)](x)
        features = F.relu(x).float().sum((2, 3))  # [N, maps]
        logits: Tensor = self.output(features).squeeze(1) + (self.classes(label) * features).sum(1)
        return logits


def attending_blocks(resolution: int, side: int) -> tuple[int, ...]:
    """The numbers of the critic's blocks that first come to maps of `side`; one at most."""
    sides = [resolution]
    for halve in critic_maps(resolution)[1]:
        sides.append(sides[-1] // 2 if halve else sides[-1])
    return (sides.index(side, 1) - 1,) if side in sides[1:] else ()


class _Up(nn.Module):
    """Norm, ReLU, nearest doubling, 3x3; norm, ReLU, 3x3; beside it the doubled input by a 1x1."""

    def __init__(self, inputs: int, outputs: int, condition: int, classes: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (ClassNorm2d(width, condition, classes) for width in (inputs, outputs))
        self.conv1, self.conv2 = (nn.Conv2d(width, outputs, 3, padding=1) for width in (inputs, outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        y = self.conv1(F.interpolate(F.relu(self.norm1(x, condition)), scale_factor=2.0))
        y = self.conv2(F.relu(self.norm2(y, condition)))
        output: Tensor = y + F.interpolate(self.shortcut(x), scale_factor=2.0)  # a 1x1 commutes with the doubling
        return output


class _Down(nn.Module):
    """ReLU (not in the first block), 3x3, ReLU, 3x3, halved by means where it halves; beside it a 1x1."""

    def __init__(self, inputs: int, outputs: int, *, halve: bool, first: bool) -> None:
        super().__init__()
        self.halve, self.first = halve, first
        self.conv1, self.conv2 = (nn.Conv2d(width, outputs, 3, padding=1) for width in (inputs, outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if self.halve:
            y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
        output: Tensor = y + self.shortcut(x)
        return output
