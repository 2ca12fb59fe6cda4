"""RNN: a language model with a state of tanh. Elman 1990; why it forgets: Pascanu et al. 2013, arXiv:1211.5063.

The gradient of step T with respect to step t is a product of T - t Jacobians W' diag(tanh'): where their norms stay
under 1 it vanishes with the distance, above 1 it explodes. An orthogonal W at the start keeps it longest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from torch import nn

from saddlepoint.config import Positive
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.recurrent import Recurrent


@final
@dataclass(frozen=True, kw_only=True)
class RNN(Recurrent):
    """A tanh of what is read and of the state before."""

    gain: Positive = 1.0
    """length that the matrix of the state begins with: orthogonal times this"""

    def recurrent(self) -> nn.RNNBase:
        """Elman's layers; the matrix of the state begins orthogonal."""
        layers = nn.RNN(self.width, self.width, self.layers, batch_first=True, dropout=self.dropout)
        for name, weight in layers.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(weight, gain=self.gain)
            elif name.startswith("bias"):
                nn.init.zeros_(weight)
        return layers


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {"small": {"width": 64, "batch": 32, "lr": 3e-3}}

PROOF = Proof(
    claim="A plain RNN recalls a token over eight others in most texts.",
    data="world:recall",
    measure="recall",
    share=0.3,
    bars={"recalled": 0.5},
    settings={"examples": 60_000, "batch": 32, "held_out": 0.1, "window": 11, "width": 64, "lr": 3e-3},
)
