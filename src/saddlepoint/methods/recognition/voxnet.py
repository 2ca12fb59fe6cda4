"""VoxNet: a convolutional network of voxels that names a shape. Maturana & Scherer 2015, doi:10.1109/IROS.2015.7353481.

Paper          here
C(32, 5, 2)    convolution of 5x5x5 that halves, 32 filters (`width`)
C(32, 3, 1), P(2), FC(128), FC(K)   the layers after it, LeakyReLU .1, dropout .2, .3, .4
voting         the mean of the probabilities over `votes` turns about z, when a trained model is asked
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import LabelledVolumeBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.base import SGD, Draw, Optim, Proof
from saddlepoint.methods.families.shapes import NamesShapes
from saddlepoint.methods.schedules import Step


@final
class VoxNetwork(nn.Module):
    """Grids [N, C, D, H, W] in [0, 1] -> logits [N, classes]. Voxels are shown as -1 (empty) to 1 (filled)."""

    def __init__(self, volume: Volume, classes: int, width: int, hidden: int, dropouts: tuple[float, ...]) -> None:
        super().__init__()
        sides = [((size - 5) // 2 + 1 - 2) // 2 for size in volume.shape[1:]]
        if min(sides) < 1:
            raise ConfigError(f"voxnet needs 11 voxels a side or more; the data has {volume}.")
        first, second, third = dropouts
        self.layers = nn.Sequential(
            nn.Conv3d(volume.channels, width, 5, 2), nn.LeakyReLU(0.1), nn.Dropout(first),
            nn.Conv3d(width, width, 3), nn.LeakyReLU(0.1), nn.MaxPool3d(2), nn.Dropout(second),
            nn.Flatten(), nn.Linear(width * math.prod(sides), hidden), nn.LeakyReLU(0.1), nn.Dropout(third),
            nn.Linear(hidden, classes),
        )  # fmt: skip
        for layer in self.layers:
            if isinstance(layer, nn.Conv3d):
                nn.init.kaiming_normal_(layer.weight, 0.1)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, volume: Tensor) -> Tensor:
        logits: Tensor = self.layers(volume * 2 - 1).float()
        return logits


def turned(volume: Tensor, angle: Tensor) -> Tensor:
    """Grids [N, C, D, H, W], axes z, y, x, turned about z by angles [N] in radians, interpolated; empty outside."""
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rows = (cosine, sine, zero, zero, -sine, cosine, zero, zero, zero, zero, one, zero)
    places = F.affine_grid(torch.stack(rows, 1).view(-1, 3, 4), list(volume.shape), align_corners=False)
    return F.grid_sample(volume, places, align_corners=False)


def moved(volume: Tensor, steps: Tensor) -> Tensor:
    """Grids moved by whole voxels, [N, 3] int64 along z, y, x; what leaves on one side is lost, empty comes in."""
    reach = int(steps.abs().max())
    if not reach:
        return volume
    padded = F.pad(volume, (reach,) * 6)
    parts = []
    for grid, (z, y, x) in zip(padded, (reach - steps).tolist()):
        d, h, w = volume.shape[2:]
        parts.append(grid[:, z : z + d, y : y + h, x : x + w])
    return torch.stack(parts)


@final
@dataclass(frozen=True, kw_only=True)
class VoxNet(NamesShapes):
    """Names grids of voxels by three-dimensional convolutions."""

    takes = LabelledVolumeBatch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    width: Width = 32
    """filters of each convolution"""
    hidden: Width = 128
    """numbers of the layer before the classes"""
    dropouts: tuple[Share, Share, Share] = (0.2, 0.3, 0.4)
    """shares of the numbers that are set to 0 while training, after each of the three layers"""
    turns: bool = True
    """show each grid turned about z by a random angle while training; not where all stand the same way round"""
    shift: Natural = 2
    """voxels that each grid is moved by while training at most, along each axis"""
    votes: Count = 12
    """turns about z that a trained model averages over; 1 where all stand the same way round"""
    lr: Positive = 1e-3
    """learning rate (momentum)"""
    lr_span: Count = 2_000_000
    """examples from one fall of the learning rate to a tenth to the next; the paper's first fall is after 60,000 steps
    of 32"""
    weight_decay: Weight = 1e-3
    """decay of all weights, as a share of the learning rate"""

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Volume)
        return VoxNetwork(kind, classes, self.width, self.hidden, self.dropouts)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Step(self.lr, self.lr_span)
        return {"classifier": SGD("classifier", lr=rate, momentum=0.9, weight_decay=self.weight_decay)}

    def changed(self, shapes: Tensor, draw: Draw) -> Tensor:
        """Turned about z and moved by some voxels."""
        if self.turns:
            shapes = turned(shapes, draw.uniform(len(shapes)) * (2 * torch.pi))
        if self.shift:
            steps = (draw.uniform(len(shapes), 3) * (2 * self.shift + 1)).long() - self.shift
            shapes = moved(shapes, steps)
        return shapes

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Grids [n, C, D, H, W] -> the probability of each class, the mean over turns: [n, classes]."""
        classifier = nets.get_submodule("classifier")
        total = torch.zeros(len(examples), 1, device=examples.device)
        for vote in range(self.votes):
            angle = torch.full((len(examples),), 2 * torch.pi * vote / self.votes, device=examples.device)
            total = total + classifier(turned(examples, angle) if vote else examples).float().softmax(1)
        return {"class": total / self.votes}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"batch": 32, "resolution": 32},  # the authors' shapenet10.py
    "small": {"width": 16, "hidden": 64, "lr": 1e-2, "votes": 4, "batch": 32, "examples": 60_000},  # on a processor
}

PROOF = Proof(
    claim="VoxNet names grids of eight bodies, turned about the upright axis, with under half of the errors of"
    " logistic regression on volume and extents.",
    data="world:solid_grids",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.13},
    settings={
        "examples": 24_000,
        "batch": 32,
        "width": 12,
        "hidden": 64,
        "dropouts": (0.0, 0.0, 0.2),
        "turns": False,  # the grids come turned already
        "shift": 1,
        "votes": 4,
        "lr": 3e-2,
        "lr_span": 16_000,
        "resolution": 16,
        "held_out": 0.15,
    },
)
