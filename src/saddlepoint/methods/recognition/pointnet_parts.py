"""PointNet for parts: says of each point which part of the shape it is of. Qi et al. 2017, arXiv:1612.00593, sec. 4.2.

What a point has after the transform of features, beside what the whole cloud has, goes through one network for all
points: 512, 256, 128, 128 (8, 4, 2, 2 times `width`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Weight, Width
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.methods.base import Clock, Proof
from saddlepoint.methods.families.shapes import PartsClouds, settle_norms
from saddlepoint.nn.backbones.pointnet import PointNetTrunk, away_from_orthogonal
from saddlepoint.nn.layers.pointwise import point_layers


@final
class PointNetSegmenter(nn.Module):
    """Clouds [N, P, 3 + features] -> logits [N, P, parts]; `mix` keeps the last transform of features."""

    def __init__(self, features: int, parts: int, width: int) -> None:
        super().__init__()
        self.trunk = PointNetTrunk(features, width)
        self.points = point_layers(17 * width, (8 * width, 4 * width, 2 * width, 2 * width))
        self.last = nn.Linear(2 * width, parts)
        self.mix: Tensor | None = None

    def forward(self, cloud: Tensor) -> Tensor:
        local, whole, self.mix = self.trunk(cloud)
        both = torch.cat((local, whole[:, None].expand(-1, local.shape[1], -1)), 2)
        logits: Tensor = self.last(self.points(both)).float()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class PointNetParts(PartsClouds):
    """Tells the parts of a shape apart, point by point."""

    width: Width = 64
    """channels of the first layers; the widest has sixteen times as many"""
    orthogonal_weight: Weight = 1e-3
    """weight of how far the transform of features is from a turn"""

    def segmenter(self, kind: Cloud, parts: int) -> nn.Module:
        return PointNetSegmenter(kind.features, parts, self.width)

    def beside(self, segmenter: nn.Module) -> Mapping[str, Tensor]:
        return {"orthogonal": self.orthogonal_weight * away_from_orthogonal(segmenter.mix)}  # type: ignore[arg-type]

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        settle_norms(nets, clock, self.lr_span)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"width": 16, "batch": 32, "examples": 40_000},  # on a processor
}

PROOF = Proof(
    claim="PointNet finds the parts of furniture, where the place of a point alone does not say them.",
    data="world:pieces",
    measure="part-overlap",
    difference=0.3,
    bars={"overlap": 0.75},
    settings={
        "examples": 14_400,
        "batch": 32,
        "width": 8,
        "turned": False,
        "lr": 4e-3,
        "lr_span": 3_600,
        "held_out": 0.15,
    },
)
