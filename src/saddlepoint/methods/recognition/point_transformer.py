"""Point Transformer: attention of each point to its neighbours tells parts apart. Zhao et al. 2021, arXiv:2012.09164.

Paper                    here
phi, psi, alpha          `query`, `key`, `value`
delta = theta(p_i - p_j)  `place`; as in the authors' code of p_j - p_i, and the relation is psi(x_j) - phi(x_i) + delta
gamma                    `relation`, whose weights eight groups of channels share (`groups`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Layers, Positive, Weight, Width
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.methods.base import SGD, Clock, Optim, Proof
from saddlepoint.methods.families.shapes import PartsClouds
from saddlepoint.nn.kernels.points import farthest, gathered, interpolated, nearest_points
from saddlepoint.nn.layers.pointwise import LargestOfPoints, PointLayer


@final
class Norm(nn.Module):
    """Batch norm over all but the last axis, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(values.reshape(-1, values.shape[-1])).relu().view(values.shape)  # type: ignore[no-any-return]


@final
class PointAttention(nn.Module):
    """Vector attention: [N, P, C] at places [N, P, 3] to the neighbours [N, P, K] of each point -> [N, P, C]."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        few = width // groups
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.place = nn.Sequential(nn.Linear(3, 3), Norm(3), nn.Linear(3, width))
        self.relation = nn.Sequential(Norm(width), nn.Linear(width, few), Norm(few), nn.Linear(few, few, bias=False))
        self.groups = groups

    def forward(self, places: Tensor, values: Tensor, index: Tensor) -> Tensor:
        away = self.place(gathered(places, index) - places[:, :, None])  # [N, P, K, C]
        relation = gathered(self.key(values), index) - self.query(values)[:, :, None] + away
        weight = self.relation(relation).softmax(2).repeat(1, 1, 1, self.groups)  # channel c has weight c mod C/groups
        attended: Tensor = ((gathered(self.value(values), index) + away) * weight).sum(2)
        return attended


@final
class AttentionBlock(nn.Module):
    """A linear map, attention, a linear map, each with its norm, and what came in added."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.first = PointLayer(width, width)
        self.attention, self.norm = PointAttention(width, groups), Norm(width)
        self.last = PointLayer(width, width, active=False)

    def forward(self, places: Tensor, values: Tensor, index: Tensor) -> Tensor:
        inner = self.norm(self.attention(places, self.first(values), index))
        return (self.last(inner) + values).relu()  # type: ignore[no-any-return]


@final
class PointTransformerNetwork(nn.Module):
    """Clouds [N, P, 3 + features] -> logits [N, P, parts]: levels down, each a quarter of the points, and up again."""

    def __init__(
        self, features: int, parts: int, widths: tuple[int, ...], blocks: tuple[int, ...], neighbours: int, groups: int
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.stem = PointLayer(3 + features, widths[0])
        self.down = nn.ModuleList(LargestOfPoints(3 + a, (b,)) for a, b in pairwise(widths))

        def level(width: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(AttentionBlock(width, groups) for _ in range(count))

        self.into = nn.ModuleList(level(width, count) for width, count in zip(widths, blocks))
        self.out = nn.ModuleList(level(width, 1) for width in widths)
        self.whole = PointLayer(2 * widths[-1], widths[-1])
        self.coarse = nn.ModuleList(PointLayer(b, a) for a, b in pairwise(widths))
        self.fine = nn.ModuleList(PointLayer(a, a) for a in widths[:-1])
        self.last = nn.Sequential(PointLayer(widths[0], widths[0]), nn.Linear(widths[0], parts))

    def forward(self, cloud: Tensor) -> Tensor:
        places, values = cloud[..., :3], self.stem(cloud)
        levels: list[tuple[Tensor, Tensor, Tensor]] = []
        for number, blocks in enumerate(self.into):
            if number:
                centres = gathered(places, farthest(places, max(places.shape[1] // 4, 1)))
                index, _ = nearest_points(places, centres, min(self.neighbours, places.shape[1]))
                near = torch.cat((gathered(places, index) - centres[:, :, None], gathered(values, index)), 3)
                places, values = centres, self.down[number - 1](near)
            index, _ = nearest_points(places, places, min(self.neighbours, places.shape[1]))
            for block in blocks:  # type: ignore[attr-defined]
                values = block(places, values, index)
            levels.append((places, values, index))
        whole = values.mean(1, keepdim=True).expand_as(values)
        values = self.whole(torch.cat((values, whole), 2))
        for number in reversed(range(len(levels))):
            places, own, index = levels[number]
            if number < len(levels) - 1:
                carried = interpolated(self.coarse[number](values), levels[number + 1][0], places)
                values = self.fine[number](own) + carried
            for block in self.out[number]:  # type: ignore[attr-defined]
                values = block(places, values, index)
        logits: Tensor = self.last(values).float()
        return logits


@final
@dataclass(frozen=True)
class FallAt:
    """`start`, and a tenth of it after each of these shares of the planned run: at 60 % and 80 % in the paper."""

    start: float
    shares: tuple[float, ...] = (0.6, 0.8)

    def __call__(self, clock: Clock) -> float:
        done = clock.examples / max(clock.total, 1)
        rate: float = self.start * 0.1 ** sum(done >= share for share in self.shares)
        return rate


@final
@dataclass(frozen=True, kw_only=True)
class PointTransformer(PartsClouds):
    """Tells the parts of a shape apart by attention between neighbouring points."""

    defaults: ClassVar[dict[str, Any]] = {"batch": 16}

    widths: tuple[Width, ...] = (32, 64, 128, 256, 512)
    """channels of each level, each of a quarter of the points of the one before"""
    blocks: tuple[Layers, ...] = (2, 3, 4, 6, 3)
    """attention blocks of each level on the way down; one on the way up"""
    neighbours: Count = 16
    """points that each point attends to, itself among them"""
    groups: Count = 8
    """groups of channels that share their weights"""
    lr: Positive = 0.5
    """learning rate (momentum); a tenth after 60 % and after 80 % of the run"""
    momentum: Decay = 0.9
    """share of the last step that is kept"""
    weight_decay: Weight = 1e-4
    """decay of all weights, as a share of the learning rate"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.widths or len(self.widths) != len(self.blocks):
            raise ConfigError(f"{len(self.widths)} widths and {len(self.blocks)} blocks: give one of each a level.")
        if any(width % self.groups for width in self.widths):
            raise ConfigError(f"widths {self.widths} are no multiples of {self.groups} groups: use other --groups.")

    def segmenter(self, kind: Cloud, parts: int) -> nn.Module:
        return PointTransformerNetwork(kind.features, parts, self.widths, self.blocks, self.neighbours, self.groups)

    def optimisers(self) -> Mapping[str, Optim]:
        """Momentum with a rate that falls twice."""
        sgd = SGD("segmenter", lr=FallAt(self.lr), momentum=self.momentum, weight_decay=self.weight_decay)
        return {"segmenter": sgd}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"widths": (16, 32, 64), "blocks": (1, 1, 1), "groups": 4, "lr": 0.1, "batch": 16, "examples": 10_000},
}

PROOF = Proof(
    claim="Point Transformer finds the parts of furniture, where the place of a point alone does not say them.",
    data="world:pieces",
    measure="part-overlap",
    difference=0.15,
    bars={"overlap": 0.75},
    settings={
        "examples": 1_600,
        "batch": 8,
        "widths": (12, 24, 48),
        "blocks": (1, 1, 1),
        "groups": 4,
        "neighbours": 8,
        "turned": False,
        "lr": 0.1,
        "held_out": 0.15,
    },
)
