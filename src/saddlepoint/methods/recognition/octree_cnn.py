"""O-CNN: convolutions on the cells of an octree, level by level. Wang et al. 2017, doi:10.1145/3072959.3073608.

Paper                     here
octree of depth d         2^d voxels a side (`depth`), refined where the surface is: the eight children of every cell
                          that holds some of it exist, of which some are empty
leaf signal               the surface's mean normal in each finest cell, here the slope of the volume
level: conv, BN, pooling  3x3x3 at the cells that exist, then the largest of each eight children
channels                  2^(9 - d) at depth d, times `width` / 16: 16, 32, 64 for a depth of 5
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import LabelledVolumeBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.base import SGD, Optim, Proof
from saddlepoint.methods.families.shapes import NamesShapes
from saddlepoint.methods.recognition.sparse_conv import surface
from saddlepoint.methods.schedules import Step
from saddlepoint.nn.kernels.voxels import Sparse, halved_rules, pooled
from saddlepoint.nn.layers.sparse_conv import SparseNorm, SubmanifoldConv

_FULL = 2
"""depth of the full grid that the dense layers see: 4x4x4"""


def normals(volume: Tensor) -> Tensor:
    """Outward directions of the surface of grids [N, 1, D, H, W], by the slope of the smoothed volume: [N, 3, D, H, W],
    axes z, y, x, of length 1 or 0."""
    smooth = F.avg_pool3d(volume, 3, 1, 1)
    slopes = torch.gradient(smooth[:, 0], dim=(1, 2, 3))
    return -F.normalize(torch.stack(slopes, 1), dim=1)


def octree(volume: Tensor) -> Sparse:
    """The finest cells of the octrees of grids [N, 1, S, S, S]: all eight cells of each 2x2x2 that meets the surface,
    each with the direction of the surface in it and whether there is any.  Values [V, 4]"""
    filled = surface(volume[:, 0])
    parents = F.max_pool3d(filled.float()[:, None], 2, 2)
    exists = F.interpolate(parents, scale_factor=2)[:, 0] > 0
    signal = torch.cat((normals(volume) * filled[:, None], filled.float()[:, None]), 1)
    return Sparse.of(signal, exists)


@final
class OctreeNetwork(nn.Module):
    """Grids [N, 1, S, S, S], S = 2^depth -> logits [N, classes]."""

    def __init__(self, depth: int, classes: int, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        widths = [width * 2 ** (depth - d) for d in range(depth, _FULL, -1)]
        self.convolutions = nn.ModuleList(SubmanifoldConv(a, b) for a, b in zip((4, *widths), widths))
        self.norms = nn.ModuleList(SparseNorm(w) for w in widths)
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(widths[-1] * 4**3, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, volume: Tensor) -> Tensor:
        grid = octree(volume)
        for convolution, norm in zip(self.convolutions, self.norms):
            grid = norm(convolution(grid))
            parents, rules = halved_rules(grid.places, grid.side)
            values = pooled(grid.values, rules, len(parents))
            grid = Sparse(*siblings(parents, values, grid.side // 2), grid.side // 2, grid.examples)
        logits: Tensor = self.head(grid.dense().flatten(1)).float()
        return logits


def siblings(places: Tensor, values: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """These cells with those that share a parent with them and hold nothing: the cells of their level of an octree.

    places: [V, 4], values: [V, C]. Returns [W, 4] sorted by key, and [W, C].
    """
    examples = int(places[:, 0].max()) + 1 if len(places) else 0
    half = -(-side // 2)
    exists = torch.zeros(examples, half, half, half, dtype=torch.bool, device=places.device)
    example, z, y, x = places.unbind(1)
    exists[example, z // 2, y // 2, x // 2] = True
    number = torch.nonzero(
        exists.repeat_interleave(2, 1).repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :side, :side, :side]
    )
    dense = values.new_zeros(examples, side, side, side, values.shape[1])
    dense = dense.index_put((example, z, y, x), values)
    return number, dense[number.unbind(1)]


@final
@dataclass(frozen=True, kw_only=True)
class OctreeCNN(NamesShapes):
    """Names grids of voxels by the cells of octrees, fine where the surface is."""

    takes = LabelledVolumeBatch
    batch_statistics = True
    compiles = ()  # type: ignore[assignment]
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    depth: Annotated[int, Range(3, 8)] = 5
    """levels of the octree; the data must have 2^depth voxels a side"""
    width: Width = 16
    """channels at the finest level; they double with each coarser one"""
    hidden: Width = 128
    """numbers of the layer before the classes"""
    dropout: Share = 0.5
    """share of the numbers of the dense layers that is set to 0 while training"""
    lr: Positive = 0.1
    """learning rate (momentum)"""
    lr_span: Count = 1_180_000
    """examples from one fall of the learning rate to a tenth to the next; the paper's is 120 epochs of 9,843"""
    weight_decay: Weight = 5e-4
    """decay of all weights, as a share of the learning rate"""

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Volume)
        if kind.channels != 1 or kind.side != 2**self.depth:
            raise ConfigError(
                f"an octree of depth {self.depth} is over {2**self.depth} voxels a side of one channel; the data has"
                f" {kind}: use --depth or --resolution."
            )
        return OctreeNetwork(self.depth, classes, self.width, self.hidden, self.dropout)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Step(self.lr, self.lr_span)
        return {"classifier": SGD("classifier", lr=rate, momentum=0.9, weight_decay=self.weight_decay)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"depth": 5, "resolution": 32, "batch": 32, "examples": 2_950_000},  # the authors' cls_m40.yaml
}

PROOF = Proof(
    claim="O-CNN names grids of eight bodies from the cells of octrees with under half of the errors of logistic"
    " regression on volume and extents.",
    data="world:solid_grids",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.13},
    settings={
        "examples": 7_000,
        "batch": 16,
        "depth": 4,
        "resolution": 16,
        "width": 8,
        "hidden": 64,
        "dropout": 0.1,
        "lr": 3e-2,
        "lr_span": 5_000,
        "held_out": 0.15,
    },
)
