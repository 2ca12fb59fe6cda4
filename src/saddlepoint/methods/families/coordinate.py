"""Methods whose network goes from places to values: which network, and how its detail is set."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Annotated

from saddlepoint.config import Count, Layers, Positive, Range, Width
from saddlepoint.methods.base import Method
from saddlepoint.nn.backbones.coordinate_mlp import CoordinateMLP, Form

Octaves = Annotated[int, Range(least=1, most=30)]


@dataclass(frozen=True, kw_only=True)
class OfPlaces(Method, ABC):
    """A method with one network of places; `coordinate_network` makes it."""

    form: Form = "siren"
    """network: raw (ReLU layers on the coordinates), frequencies (NeRF's sines and cosines of octaves), fourier (random
    Fourier features), siren (sines as activations), or grid (features at the nodes of a grid, then ReLU layers)"""
    width: Width = 256
    """numbers in a hidden layer"""
    depth: Layers = 3
    """hidden layers"""
    omega: Positive = 30.0
    """siren: what sums are multiplied by before each sine (omega_0); more learns finer detail"""
    octaves: Octaves = 10
    """frequencies: number of octaves (L)"""
    deviation: Positive = 10.0
    """fourier: standard deviation of the random directions (sigma), for coordinates from 0 to 1; more learns finer
    detail, and noise"""
    directions: Width = 256
    """fourier: number of random directions"""
    cells: Count = 32
    """grid: cells along each axis"""
    features: Width = 8
    """grid: numbers at each node"""

    def coordinate_network(self, inputs: int, outputs: int, sparse: int = 0) -> CoordinateMLP:
        """A new network from places of `inputs` coordinates to `outputs` values. sparse: room for nodes of
        a sparse grid; 0 for a whole one."""
        detail: dict[Form, float] = {
            "raw": 0,
            "frequencies": self.octaves,
            "fourier": self.deviation,
            "siren": self.omega,
            "grid": self.cells,
        }
        features = self.directions if self.form == "fourier" else self.features
        return CoordinateMLP(inputs, outputs, self.width, self.depth, self.form, detail[self.form], features, sparse)
