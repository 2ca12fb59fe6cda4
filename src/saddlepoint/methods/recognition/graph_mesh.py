"""Graph networks on meshes: vertices tell their neighbours what they know. Gilmer et al. 2017, arXiv:1704.01212.

`form`       what a vertex takes from its neighbours
messages     the mean of what a small network makes of both ends and of the edge (Gilmer et al., eq. 1 and 2)
convolution  D^-½ (A + I) D^-½ H W (Kipf & Welling 2017, arXiv:1609.02907, eq. 2)
attention    a mean whose weights the ends decide (Velickovic et al. 2018, arXiv:1710.10903, eq. 3 to 6)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Width
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.meshes import NamesMeshes, OfVertices
from saddlepoint.nn.kernels.mesh import Surface, both_ways, edge_features, vertex_features

Form = Literal["messages", "convolution", "attention"]
_LEAK = 0.2


@final
class Messages(nn.Module):
    """x_i' = U(x_i, mean of M(x_i, x_j, edge))."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.message = nn.Sequential(nn.Linear(2 * inputs + 5, outputs), nn.ReLU(), nn.Linear(outputs, outputs))
        self.update = nn.Linear(inputs + outputs, outputs)

    def forward(self, values: Tensor, start: Tensor, end: Tensor, edges: Tensor) -> Tensor:
        """values: [V, C]. start, end: [E], of messages. edges: [E, 5]."""
        sent = self.message(torch.cat((values[end], values[start], edges), 1))
        count = torch.bincount(end, minlength=len(values)).clamp_min(1)[:, None]
        heard = sent.new_zeros(len(values), sent.shape[1]).index_add(0, end, sent) / count
        updated: Tensor = self.update(torch.cat((values, heard), 1))
        return updated


@final
class GraphConvolution(nn.Module):
    """D^-½ (A + I) D^-½ x W, the degrees with the loops."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, values: Tensor, start: Tensor, end: Tensor, edges: Tensor) -> Tensor:
        """As of messages; what edges have is not used."""
        scale = (torch.bincount(end, minlength=len(values)) + 1).to(values.dtype).rsqrt()[:, None]
        scaled = values * scale
        return self.linear((scaled.index_add(0, end, scaled[start])) * scale)  # type: ignore[no-any-return]


@final
class GraphAttention(nn.Module):
    """x_i' = the sum of a_ij W x_j over neighbours and itself, a_ij by softmax of LeakyReLU(u W x_i + v W x_j)."""

    def __init__(self, inputs: int, outputs: int, heads: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.of_target, self.of_source = (
            nn.Parameter(torch.randn(heads, outputs // heads) / (outputs // heads) ** 0.5) for _ in range(2)
        )
        self.heads = heads

    def forward(self, values: Tensor, start: Tensor, end: Tensor, edges: Tensor) -> Tensor:
        """As of messages; what edges have is not used."""
        itself = torch.arange(len(values), device=values.device)
        start, end = torch.cat((start, itself)), torch.cat((end, itself))
        mapped = self.linear(values).view(len(values), self.heads, -1)
        score = (mapped * self.of_target).sum(2)[end] + (mapped * self.of_source).sum(2)[start]
        score = F.leaky_relu(score, _LEAK)  # [E, heads]
        highest = score.new_full((len(values), self.heads), -torch.inf)
        highest = highest.scatter_reduce(0, end[:, None].expand_as(score), score.detach(), "amax")
        weight = (score - highest[end]).exp()
        total = weight.new_zeros(len(values), self.heads).index_add(0, end, weight)
        weight = weight / total[end]
        around = torch.zeros_like(mapped).index_add(0, end, mapped[start] * weight[..., None])
        return around.flatten(1) + self.bias


@final
class GraphNetwork(OfVertices):
    """Layers of one form, each with batch norm and ReLU, and what came in added where widths agree."""

    def __init__(self, vertices: int, classes: int, form: Form, width: int, depth: int, heads: int) -> None:
        super().__init__(vertices, width, width, classes)
        widths = (4, *[width] * depth)
        if form == "attention":
            layers: list[nn.Module] = [GraphAttention(a, b, heads) for a, b in pairwise(widths)]
        else:
            layer = Messages if form == "messages" else GraphConvolution
            layers = [layer(a, b) for a, b in pairwise(widths)]
        self.enter = nn.BatchNorm1d(4, affine=False)
        self.of_edges = nn.BatchNorm1d(5, affine=False)
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(depth))

    def at_vertices(self, mesh: Surface) -> Tensor:
        start, end = both_ways(mesh)
        edges = self.of_edges(edge_features(mesh)).repeat(2, 1)
        values = self.enter(vertex_features(mesh))
        for layer, norm in zip(self.layers, self.norms):
            heard = norm(layer(values, start, end, edges)).relu()
            same = heard.shape == values.shape
            values = heard + values if same else heard
        return values  # type: ignore[no-any-return]


@final
@dataclass(frozen=True, kw_only=True)
class GraphMesh(NamesMeshes):
    """Names meshes by what vertices learn from their neighbours, layer by layer."""

    form: Form = "messages"
    """what a vertex takes from its neighbours: messages, a graph convolution, or attention"""
    width: Width = 64
    """numbers at each vertex"""
    depth: Layers = 4
    """layers, so how far a vertex hears"""
    heads: Count = 4
    """of attention, side by side; the width is a multiple of them"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.form == "attention" and self.width % self.heads:
            raise ConfigError(f"a width of {self.width} is no multiple of {self.heads} heads: use --width or --heads.")

    def classifier(self, kind: Kind, classes: int) -> nn.Module:
        assert isinstance(kind, Mesh)
        return GraphNetwork(kind.vertices, classes, self.form, self.width, self.depth, self.heads)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "gcn": {"form": "convolution", "depth": 2},  # Kipf & Welling: two layers
    "gat": {"form": "attention", "depth": 2, "heads": 8},  # Velickovic et al.: eight heads
}

PROOF = Proof(
    claim="Messages between vertices name meshes of eight bodies, turned in any way, with under half of the errors of"
    " the nearest by a histogram of distances.",
    data="world:solid_meshes",
    measure="shape-classes",
    share=1 / 2,
    bars={"error": 0.25},
    settings={"examples": 9_600, "batch": 16, "width": 24, "depth": 3, "lr": 4e-3, "held_out": 0.15},
)
