"""Methods that name meshes: each gives its layers on a `Surface`; the common parts are the batch and the optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from saddlepoint.config import Positive, Weight
from saddlepoint.data.batches import LabelledMeshBatch
from saddlepoint.methods.base import AdamW, Optim
from saddlepoint.methods.families.shapes import NamesShapes
from saddlepoint.nn.kernels.mesh import Surface, mean_over, union


@dataclass(frozen=True, kw_only=True)
class NamesMeshes(NamesShapes, ABC):
    """A method that names meshes."""

    takes = LabelledMeshBatch
    batch_statistics = True
    compiles = ()  # type: ignore[assignment]
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    lr: Positive = 1e-3
    """learning rate (Adam)"""
    weight_decay: Weight = 1e-4
    """decay of the matrices in each step, as a share of the learning rate"""

    def optimisers(self) -> Mapping[str, Optim]:
        """Adam."""
        return {"classifier": AdamW("classifier", lr=self.lr, weight_decay=self.weight_decay)}


class OfVertices(nn.Module, ABC):
    """Tables of meshes [N, 1 + V + F, 3] -> logits [N, classes]: features at vertices, layers, their mean, a head."""

    def __init__(self, vertices: int, channels: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.vertices = vertices
        self.head = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    @abstractmethod
    def at_vertices(self, mesh: Surface) -> Tensor:
        """What the layers make of each vertex.  [V, channels]"""

    def forward(self, tables: Tensor) -> Tensor:
        mesh = union(tables, self.vertices)
        logits: Tensor = self.head(mean_over(self.at_vertices(mesh), mesh.owner, mesh.examples)).float()
        return logits
