"""PointNet++ for parts: balls of points, and the way back to every point. Qi et al. 2017, arXiv:1706.02413, sec. 3.4.

Three levels down, the last of all points at once, and three back up, each joined with what the level there had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

from torch import Tensor, nn

from saddlepoint.config import Count, Positive, Share, Width
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.methods.base import Clock, Proof
from saddlepoint.methods.families.shapes import PartsClouds, settle_norms
from saddlepoint.methods.recognition.pointnet2 import levels
from saddlepoint.nn.layers.pointwise import PointLayer
from saddlepoint.nn.layers.set_abstraction import Propagation, WholeSet


@final
class PointNet2Segmenter(nn.Module):
    """Clouds [N, P, 3 + features] -> logits [N, P, parts]."""

    def __init__(self, levels: nn.ModuleList, features: int, parts: int, width: int, dropout: float) -> None:
        super().__init__()
        w = width
        self.levels = levels
        few, fewer = (int(level.features) for level in levels)  # type: ignore[arg-type]
        self.whole = WholeSet(fewer, (4 * w, 8 * w, 16 * w))
        self.back = nn.ModuleList(
            (
                Propagation(16 * w, fewer, (4 * w, 4 * w)),
                Propagation(4 * w, few, (4 * w, 2 * w)),
                Propagation(2 * w, 3 + features, (2 * w, 2 * w)),
            )
        )
        self.last = nn.Sequential(PointLayer(2 * w, 2 * w), nn.Dropout(dropout), nn.Linear(2 * w, parts))

    def forward(self, cloud: Tensor) -> Tensor:
        places, values = cloud[..., :3], cloud[..., 3:]
        kept = [(places, cloud)]
        for level in self.levels:
            places, values = level(places, values)
            kept.append((places, values))
        features, at = self.whole(places, values)[:, None], places[:, :1]
        for back, (places, values) in zip(self.back, reversed(kept)):
            features, at = back(at, features, places, values), places
        logits: Tensor = self.last(features).float()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class PointNet2Parts(PartsClouds):
    """Tells the parts of a shape apart by what lies around each point, near and far."""

    defaults: ClassVar[dict[str, Any]] = {"batch": 16}

    grouping: Literal["single", "scales"] = "single"
    """what describes a neighbourhood: balls of a single radius, or of three scales"""
    points: Count = 512
    """points that the first level keeps; the second keeps a quarter of them"""
    radius: Positive = 0.2
    """radius of the balls of the first level, where clouds reach from -1 to 1; doubled in the second"""
    neighbours: Count = 32
    """points in a ball at most; doubled in the second level"""
    width: Width = 64
    """channels of the first layers"""
    dropout: Share = 0.5
    """share of the numbers before the last layer that is set to 0 while training"""

    def segmenter(self, kind: Cloud, parts: int) -> nn.Module:
        points = min(self.points, kind.points)
        built = levels(self.grouping, kind.features, points, self.radius, self.neighbours, self.width)
        return PointNet2Segmenter(built, kind.features, parts, self.width, self.dropout)

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        settle_norms(nets, clock, self.lr_span)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"points": 64, "radius": 0.4, "neighbours": 16, "width": 16, "batch": 16, "examples": 20_000},
}

PROOF = Proof(
    claim="PointNet++ finds the parts of furniture, where the place of a point alone does not say them.",
    data="world:pieces",
    measure="part-overlap",
    difference=0.2,
    bars={"overlap": 0.75},
    settings={
        "examples": 4_800,
        "batch": 16,
        "points": 48,
        "radius": 0.4,
        "neighbours": 12,
        "width": 12,
        "dropout": 0.1,
        "turned": False,
        "lr": 2e-3,
        "lr_span": 1_600,
        "held_out": 0.15,
    },
)
