"""Occupancy Networks: an encoder of voxels and a decoder of places. Mescheder et al. 2019, arXiv:1812.03828.

Sizes are those of github.com/autonomousvision/occupancy_networks.
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class ConditionalNorm(nn.Module):
    """Batch norm of [N, P, width] whose gain and bias are linear in a code [N, code]; they begin at 1 and 0."""

    def __init__(self, code: int, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.gain, self.bias = nn.Linear(code, width), nn.Linear(code, width)
        for layer, start in ((self.gain, 1.0), (self.bias, 0.0)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, start)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        flat: Tensor = self.norm(x.flatten(0, 1)).view_as(x)
        shifted: Tensor = self.gain(code)[:, None] * flat + self.bias(code)[:, None]
        return shifted


@final
class ConditionalBlock(nn.Module):
    """x + fc(relu(norm(fc(relu(norm(x)))))), the last layer beginning at zero."""

    def __init__(self, code: int, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ConditionalNorm(code, width) for _ in range(2))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        nn.init.zeros_(self.layers[1].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        change = x
        for norm, layer in zip(self.norms, self.layers):
            change = layer(F.relu(norm(change, code)))
        return x + change


@final
class OccupancyDecoder(nn.Module):
    """Codes [N, code] and places [N, P, 3] -> logits of being inside, [N, P] float32."""

    def __init__(self, code: int, width: int, blocks: int) -> None:
        super().__init__()
        self.entry = nn.Linear(3, width)
        self.blocks = nn.ModuleList(ConditionalBlock(code, width) for _ in range(blocks))
        self.norm, self.output = ConditionalNorm(code, width), nn.Linear(width, 1)

    def forward(self, code: Tensor, place: Tensor) -> Tensor:
        x = self.entry(place)
        for block in self.blocks:
            x = block(x, code)
        logits: Tensor = self.output(F.relu(self.norm(x, code)))
        return logits.squeeze(2).float()


@final
class VoxelEncoder(nn.Module):
    """Volumes [N, C, S, S, S] in [0, 1] -> [N, outputs]: convolutions that halve down to 2 voxels, at most 4 times."""

    def __init__(self, channels: int, side: int, width: int, outputs: int) -> None:
        super().__init__()
        halvings = min(max(side.bit_length() - 2, 1), 4)
        widths = [width * 2**level for level in range(halvings + 1)]
        layers: list[nn.Module] = [nn.Conv3d(channels, width, 3, padding=1), nn.ReLU()]
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv3d(narrow, wide, 3, 2, 1), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        for _ in range(halvings):
            side = (side + 1) // 2
        self.output = nn.Linear(widths[-1] * side**3, outputs)

    def forward(self, volume: Tensor) -> Tensor:
        numbers: Tensor = self.output(self.layers(volume)).float()
        return numbers


def voxels_at(volume: Tensor, place: Tensor) -> Tensor:
    """Whether places are in filled voxels, empty beyond: [N, 1, D, H, W] in [0, 1] and [N, P, 3] -> [N, P], 0 or 1."""
    read = F.grid_sample(volume, place[:, :, None, None], "nearest", align_corners=False, padding_mode="zeros")
    return (read[:, 0, :, 0, 0] > 0.5).to(torch.float32)
