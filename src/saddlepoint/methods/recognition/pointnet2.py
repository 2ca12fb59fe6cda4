"""PointNet++: small PointNets on balls of points, then on balls of balls. Qi et al. 2017, arXiv:1706.02413.

Paper                      here
SSG, single scale          `grouping` "single"
MSG, several radii         `grouping` "scales"
MRG, several resolutions   `grouping` "resolutions": beside what a level makes of the level below stands what a PointNet
                           makes of the raw points there (section 3.3; no code of the authors has it)
random input dropout       `thinning`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Positive, Share, Width
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.base import Clock, Draw, Proof
from saddlepoint.methods.families.shapes import NamesClouds, settle_norms
from saddlepoint.nn.kernels.points import gathered, in_ball
from saddlepoint.nn.layers.pointwise import LargestOfPoints, head
from saddlepoint.nn.layers.set_abstraction import Ball, SetAbstraction, WholeSet

Grouping = Literal["single", "scales", "resolutions"]


def levels(grouping: Grouping, features: int, points: int, radius: float, neighbours: int, width: int) -> nn.ModuleList:
    """The two levels of set abstraction: `points`, then a quarter of them; widths are those of the paper for 64."""
    w, few = width, max(points // 4, 1)
    if grouping == "scales":
        first = [
            Ball(radius / 2, neighbours // 2, (w // 2, w // 2, w)),
            Ball(radius, neighbours, (w, w, 2 * w)),
            Ball(2 * radius, 4 * neighbours, (w, w * 3 // 2, 2 * w)),
        ]
        second = [
            Ball(radius, neighbours, (w, w, 2 * w)),
            Ball(2 * radius, 2 * neighbours, (2 * w, 2 * w, 4 * w)),
            Ball(4 * radius, 4 * neighbours, (2 * w, 2 * w, 4 * w)),
        ]
    else:
        first = [Ball(radius, neighbours, (w, w, 2 * w))]
        second = [Ball(2 * radius, 2 * neighbours, (2 * w, 2 * w, 4 * w))]
    first = [Ball(ball.radius, max(ball.count, 1), tuple(max(v, 1) for v in ball.widths)) for ball in first]
    below = SetAbstraction(features, points, first)
    return nn.ModuleList((below, SetAbstraction(below.features, few, second)))


@final
class PointNet2Classifier(nn.Module):
    """Clouds [N, P, 3 + features] -> logits [N, classes]: two levels of balls, then all of what is left."""

    def __init__(self, levels: nn.ModuleList, width: int, widths: Sequence[int], classes: int, dropout: float) -> None:
        super().__init__()
        self.levels = levels
        last: Any = levels[-1]
        self.whole = WholeSet(last.features, widths)
        self.head = head(widths[-1], (8 * width, 4 * width), classes, dropout)

    def forward(self, cloud: Tensor) -> Tensor:
        places, values = cloud[..., :3], cloud[..., 3:]
        for level in self.levels:
            places, values = level(places, values)
        logits: Tensor = self.head(self.whole(places, values)).float()
        return logits


@final
class Resolutions(nn.Module):
    """Clouds [N, P, 3 + features] -> logits [N, classes]: levels beside PointNets of the raw points of their balls."""

    def __init__(self, levels: nn.ModuleList, features: int, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.levels = levels
        above: Any = levels[1]
        self.raw = LargestOfPoints(3 + features, (width, 2 * width, 4 * width))  # of the balls of the second level
        self.whole = WholeSet(above.features + 4 * width, (4 * width, 8 * width, 16 * width))
        self.all = LargestOfPoints(3 + features, (width, 2 * width, 16 * width))  # of all raw points
        self.head = head(32 * width, (8 * width, 4 * width), classes, dropout)
        self.radius, self.count = above.balls[0].radius, 4 * above.balls[0].count

    def forward(self, cloud: Tensor) -> Tensor:
        places, values = cloud[..., :3], cloud[..., 3:]
        centres, summary = self.levels[1](*self.levels[0](places, values))
        index = in_ball(places, centres, self.radius, min(self.count, places.shape[1]))
        near = torch.cat((gathered(places, index) - centres[:, :, None], gathered(values, index)), 3)
        both = torch.cat((summary, self.raw(near)), 2)
        whole = torch.cat((self.whole(centres, both), self.all(cloud)), 1)
        logits: Tensor = self.head(whole).float()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class PointNet2(NamesClouds):
    """Names clouds by what lies in balls around points that are far from one another."""

    defaults: ClassVar[dict[str, Any]] = {"batch": 16}

    grouping: Grouping = "scales"
    """what describes a neighbourhood: balls of a single radius, of three scales, or the level below beside the raw
    points (multi-resolution)"""
    points: Count = 512
    """points that the first level keeps; the second keeps a quarter of them"""
    radius: Positive = 0.2
    """radius of the balls of the first level, where clouds reach from -1 to 1; doubled in the second"""
    neighbours: Count = 32
    """points in a ball at most; doubled in the second level"""
    width: Width = 64
    """channels of the first layers"""
    dropout: Share = 0.4
    """share of the numbers of the last layers that is set to 0 while training"""
    thinning: Decay = 0.875
    """the largest share of the points that is left out while training, so that sparse clouds are known too; how much is
    drawn evenly for each cloud"""

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Cloud)
        points = min(self.points, kind.points)
        w, built = self.width, levels(self.grouping, kind.features, points, self.radius, self.neighbours, self.width)
        if self.grouping == "resolutions":
            return Resolutions(built, kind.features, w, classes, self.dropout)
        return PointNet2Classifier(built, w, (4 * w, 8 * w, 16 * w), classes, self.dropout)

    def changed(self, clouds: Tensor, draw: Draw) -> Tensor:
        """Turned, noisy, and thinned: points that are left out become copies of the cloud's first one."""
        clouds = super().changed(clouds, draw)
        if not self.thinning:
            return clouds
        out = draw.uniform(len(clouds), clouds.shape[1]) < draw.uniform(len(clouds), 1) * self.thinning
        return torch.where(out[..., None], clouds[:, :1], clouds)

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        settle_norms(nets, clock, self.lr_span)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"batch": 16, "shape_points": 1024, "examples": 2_460_000},  # pointnet2_cls_msg.py, 250 epochs
    "single-scale": {"grouping": "single", "dropout": 0.5, "thinning": 0.0, "batch": 16},  # pointnet2_cls_ssg.py
    "small": {"points": 64, "radius": 0.4, "neighbours": 16, "width": 16, "batch": 16, "examples": 20_000},
}

PROOF = Proof(
    claim="PointNet++ names clouds of eight bodies with under half of the errors of logistic regression on ten"
    " moments.",
    data="world:solids",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.2},
    settings={
        "grouping": "single",
        "examples": 9_600,
        "batch": 16,
        "points": 64,
        "radius": 0.35,
        "neighbours": 16,
        "width": 12,
        "dropout": 0.1,
        "thinning": 0.0,
        "lr": 2e-3,
        "lr_span": 4_000,
        "held_out": 0.15,
    },
)
