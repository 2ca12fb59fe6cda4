"""LSTM: a language model whose state is kept by gates. Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.

Gates that begin open for a chosen number of steps ("chrono"): Tallec & Ollivier 2018, arXiv:1804.11188, section 2: the
forget gate's bias is log U(1, T - 1), the input gate's the negative of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import nn

from saddlepoint.config import Natural
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.recurrent import Recurrent


@final
@dataclass(frozen=True, kw_only=True)
class LSTM(Recurrent):
    """Input, forget and output gates around a cell that adds up."""

    span: Natural = 0
    """steps over which the gates begin ready to remember; 0 for a forget bias of 1"""

    def recurrent(self) -> nn.RNNBase:
        """torch's layers, which add two biases: one of them is set, the other is 0."""
        layers = nn.LSTM(self.width, self.width, self.layers, batch_first=True, dropout=self.dropout)
        for name, weight in layers.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(weight)
            if name.startswith("bias_ih"):
                keep = torch.ones(self.width)
                if self.span:
                    keep = (torch.rand(self.width) * max(self.span - 2, 0) + 1).log()
                with torch.no_grad():  # in torch's order: input, forget, cell, output
                    weight[self.width : 2 * self.width] = keep
                    weight[: self.width] = -keep if self.span else 0.0
        return layers


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {"small": {"width": 64, "batch": 32, "lr": 3e-3}}

PROOF = Proof(
    claim="An LSTM recalls a token over eight others, by gates that begin ready to keep it.",
    data="world:recall",
    measure="recall",
    share=0.3,
    bars={"recalled": 0.85},
    settings={"examples": 40_000, "batch": 32, "held_out": 0.1, "window": 11, "width": 64, "lr": 1e-2, "span": 10},
)
