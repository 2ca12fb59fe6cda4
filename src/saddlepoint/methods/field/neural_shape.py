"""Neural shape: a network that holds one solid as distance or occupancy. Mescheder et al. 2019, arXiv:1812.03828.

The networks of `neural_field` in space; the ways to learn are those of three papers, by `loss`:
distances   absolute error of clamped signed distances: Park et al. 2019 (DeepSDF), arXiv:1901.05103, eq. 4
occupancy   cross-entropy of inside and outside: Mescheder et al. 2019 (Occupancy Networks), eq. 3, without an encoder
eikonal     points and normals of the surface alone: Sitzmann et al. 2020 (SIREN), arXiv:2006.09661, eq. 6
Features at the nodes of a grid before a small network are a hybrid of both; `sparse` keeps the nodes near the surface.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Natural, Positive
from saddlepoint.data.batches import Batch, DataSpec, DistanceBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.volume import Volume
from saddlepoint.losses.signed_distance import clamped, eikonal
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.coordinate import OfPlaces
from saddlepoint.methods.families.distance_samples import onto_surface, places_near, read_grid
from saddlepoint.nn.backbones.coordinate_mlp import at_places
from saddlepoint.nn.layers.feature_grid import SparseGrid, nodes_near

_NEAR = 0.1  # places are drawn e times as densely so much nearer to the surface


@final
class Target(nn.Module):
    """The signed distances that are learnt, [1, S, S, S]."""

    distances: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.register_buffer("distances", torch.ones(1, side, side, side))


@final
@dataclass(frozen=True, kw_only=True)
class NeuralShape(OfPlaces):
    """One solid as a network of places, which gives a mesh of any fineness."""

    takes = DistanceBatch
    compiles = ("field",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1, "examples": 2_000, "held_out": 0.0}

    number: Natural = 0
    """which shape of the data is learnt, counted from 0"""
    loss: Literal["distances", "occupancy", "eikonal"] = "distances"
    """what is learnt: signed distances, inside or outside, or from places and normals of the surface alone"""
    clamp: Positive = 0.1
    """distances: beyond this far from the surface, in half sides of the cube, errors do not count"""
    places: Count = 4096
    """places drawn for each example of a batch, half of them inside"""
    sparse: Natural = 0
    """grid: room for so many nodes near the surface instead of all nodes; 0 for a whole grid"""
    lr: Positive = 1e-4
    """learning rate (Adam)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sparse and self.form != "grid":
            raise ConfigError("--sparse thins out a grid: use --form grid, or leave it out.")
        if self.loss == "eikonal" and self.form == "grid":
            raise ConfigError("the eikonal loss needs slopes of slopes, which a grid lacks: use --form siren.")

    def networks(self, data: DataSpec) -> Networks:
        kind = data.main
        if not isinstance(kind, Distances):
            raise ConfigError(f"this method holds a solid; the data has {kind}. {DistanceBatch.given_by}")
        if self.number >= max(data.examples, 1):
            raise ConfigError(f"--number {self.number} names no shape: the data has {data.examples} to train on.")
        field = self.coordinate_network(3, 1, self.sparse)
        with torch.no_grad():  # near 0 everywhere: beyond the clamp there is no slope to learn by
            field.output.weight.mul_(0.1)
            field.output.bias.zero_()
        return Networks(field=field, target=Target(kind.side))

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        distances = look(self.number + 1).tensors()["distances"][self.number]
        nets.target.distances.copy_(distances)
        if isinstance(nets.field.encoding, SparseGrid):
            nets.field.encoding.keep(nodes_near(distances[0], self.cells))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"field": Adam("field", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        n = len(draw())
        grid = nets.target.distances.expand(n, -1, -1, -1, -1)
        uniform = draw.uniform(n, self.places, 4)
        if self.loss == "eikonal":
            surface, normal = onto_surface(grid, places_near(grid, uniform, 1 / grid.shape[2]))
            yield Update("field", eikonal(nets.field, surface, normal, draw.uniform(n, self.places, 3) * 2 - 1))
            return
        place = places_near(grid, uniform, _NEAR)
        truth, value = at_places(grid, place), nets.field(place)
        if self.loss == "distances":
            yield Update("field", {"distance": clamped(value, truth, self.clamp)})
        else:
            yield Update("field", {"occupancy": F.binary_cross_entropy_with_logits(value, (truth <= 0).float())})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """The solid at `side` places along each axis: signed distances, or with occupancy shares of being filled."""
        place = middles(side).view(-1, 3).to(next(nets.parameters()).device)
        values = read_grid(nets.get_submodule("field"), place).view(1, 1, side, side, side)
        if self.loss == "occupancy":
            return Volume(1, side, side, side), values.sigmoid()
        return Distances(side), values.clamp(-1, 1)

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The solid at the places that were learnt from."""
        kind, values = self.at_side(nets, nets.get_submodule("target").get_buffer("distances").shape[1])
        return kind, values[0]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "siren": {"loss": "eikonal", "examples": 10_000},  # github.com/vsitzmann/siren, train_sdf.py: 3 x 256 here too
    "sparse": {"form": "grid", "cells": 64, "sparse": 60_000, "width": 64, "depth": 2, "lr": 1e-3},
}

PROOF = Proof(
    claim="A field of sines holds a torus knot with far less of it wrong than signed distances on a grid of as many"
    " numbers.",
    data="world:knots",
    measure="fresh-places",
    share=0.5,
    bars={"overlap": 0.78},
    settings={"examples": 800, "width": 48, "omega": 15.0, "places": 1024, "lr": 1e-3},
)
