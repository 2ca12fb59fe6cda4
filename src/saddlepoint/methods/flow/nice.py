"""NICE: half of the numbers are shifted by a function of the other half, in turns. Dinh et al. 2015, arXiv:1410.8516.

Such a shift keeps volumes; a last scale of each number says which of them matter. It begins such that what the first
examples become has deviation 1. The noise is logistic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import nn

from saddlepoint.config import Layers, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Optim, Proof
from saddlepoint.methods.families.invertible import Normalising
from saddlepoint.nn.backbones.mlp import MLPCritic
from saddlepoint.nn.layers.coupling import ActNorm, Chain, Coupling, Flatten, Interleave, Invertible
from saddlepoint.nn.layers.initialisation import initialise


@final
@dataclass(frozen=True, kw_only=True)
class NICE(Normalising):
    """A flow of additive couplings of fully connected networks, for small images and points."""

    prior = "uniform"
    defaults = {"batch": 200}

    couplings: Layers = 4
    """couplings; even and odd numbers move in turns"""
    widths: tuple[Width, ...] = (1000, 1000, 1000, 1000, 1000)
    """units of the hidden layers of each coupling's network"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def layers(self, data: DataSpec) -> Invertible:
        numbers = math.prod(data.shape)
        first, second = slice(None, -(-numbers // 2)), slice(-(-numbers // 2), None)
        layers: list[Invertible] = [Flatten(data.shape), Interleave()]
        for number in range(self.couplings):
            kept, moved = (first, second) if number % 2 == 0 else (second, first)
            sizes = [len(range(numbers)[part]) for part in (kept, moved)]
            network = MLPCritic((sizes[0],), self.widths, outputs=sizes[1])
            for module in network.modules():
                if isinstance(module, nn.Linear):  # +-.01 for 1,000 inputs, as published; in proportion for others
                    initialise(module, "uniform", 0.01 * math.sqrt(1000 / module.in_features))
            layers.append(Coupling(network, "none", numbers, moved))
        return Chain([*layers, ActNorm(numbers)])

    def optimisers(self) -> Mapping[str, Optim]:
        return {"flow": Adam("flow", lr=self.lr, betas=(0.9, 0.99), eps=1e-4)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {"resolution": 28, "batch": 200, "couplings": 4, "widths": (1000,) * 5},  # section 5.1
    "small": {"widths": (200, 200)},  # for a processor
}

PROOF = Proof(
    claim="Shifts and one scale of each number fit a ring of eight modes better than one Gaussian does.",
    data="world:ring8",
    measure="density",
    difference=2.3,
    settings={"images": 300_000, "widths": (128, 128), "couplings": 6, "held_out": 0.05},
)
