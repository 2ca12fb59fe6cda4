"""MeshCNN: convolutions and pooling on the edges of a mesh name it. Hanocka et al. 2019, arXiv:1809.05910.

Paper                    here
five features of an edge  `nn.kernels.mesh.edge_features`, brought to mean 0 and deviation 1
MeshConv, MeshPool       `nn.layers.mesh_edges`; a level is two convolutions with a skip, then pooling to `pools` edges
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

from torch import Tensor, nn

from saddlepoint.config import Count, Width
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.meshes import NamesMeshes
from saddlepoint.nn.kernels.mesh import edge_features, mean_over, ring, union
from saddlepoint.nn.layers.mesh_edges import EdgeConv, collapsed


@final
class EdgeLevel(nn.Module):
    """A convolution, another with its norm, what the first gave added, and a norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = EdgeConv(inputs, outputs), EdgeConv(outputs, outputs)
        self.inner, self.outer = nn.BatchNorm1d(outputs), nn.BatchNorm1d(outputs)

    def forward(self, values: Tensor, around: Tensor) -> Tensor:
        first = self.first(values, around)
        second = self.second(self.inner(first.relu()), around)
        return self.outer((first + second).relu()).relu()  # type: ignore[no-any-return]


@final
class EdgeNetwork(nn.Module):
    """Tables of meshes [N, 1 + V + F, 3] -> logits [N, classes]."""

    def __init__(
        self, vertices: int, classes: int, widths: tuple[int, ...], pools: tuple[int, ...], hidden: int
    ) -> None:
        super().__init__()
        self.vertices, self.pools = vertices, pools
        self.enter = nn.BatchNorm1d(5, affine=False)
        self.levels = nn.ModuleList(EdgeLevel(a, b) for a, b in pairwise((5, *widths)))
        self.head = nn.Sequential(nn.Linear(widths[-1], hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, tables: Tensor) -> Tensor:
        mesh = union(tables, self.vertices)
        values = self.enter(edge_features(mesh))
        for level, most in zip(self.levels, self.pools):
            mesh, values = collapsed(mesh, level(values, ring(mesh)), most)
        logits: Tensor = self.head(mean_over(values, mesh.edge_owner, mesh.examples)).float()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class MeshCNN(NamesMeshes):
    """Names meshes by their edges, of which those that matter least are collapsed from level to level."""

    widths: tuple[Width, ...] = (64, 128, 256, 256)
    """numbers at each edge, level by level"""
    pools: tuple[Count, ...] = (600, 450, 300, 180)
    """edges that are left of a mesh after each level"""
    hidden: Width = 100
    """numbers of the layer before the classes"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.widths or len(self.widths) != len(self.pools):
            raise ConfigError(f"{len(self.widths)} widths and {len(self.pools)} pools: give one of each a level.")

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Mesh)
        return EdgeNetwork(kind.vertices, classes, self.widths, self.pools, self.hidden)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "shrec": {"lr": 2e-4, "batch": 16, "weight_decay": 0.0},  # the authors' scripts/shrec/train.sh, of 750 edges
}

PROOF = Proof(
    claim="MeshCNN names meshes of eight bodies, turned in any way, with under half of the errors of the nearest by a"
    " histogram of distances.",
    data="world:solid_meshes",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.25},
    settings={
        "examples": 4_800,
        "batch": 16,
        "widths": (16, 32),
        "pools": (160, 100),
        "hidden": 32,
        "lr": 4e-3,
        "held_out": 0.15,
    },
)
