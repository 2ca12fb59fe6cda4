"""GPT: a transformer that writes on, token by token. Radford et al. 2018 and 2019 (GPT-2); attention arXiv:1706.03762.

Settings and initialisation are those of GPT-2: norms before each part and one at the end, learnt positions, the matrix
of the tokens used again for the output, N(0, .02), and the parts that are added 2 L times over scaled by 1 / sqrt(2 L).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import AdamW, Cosine, Networks, Optim, Proof, WarmUp
from saddlepoint.methods.families.sequential import SequentialDensity, Stepper
from saddlepoint.nn.layers.attention import Block, Cache


@final
@dataclass(frozen=True, kw_only=True)
class GPT(SequentialDensity):
    """A stack of causal attention blocks over the window of the data (`--window`)."""

    layers: Layers = 12
    """attention blocks"""
    heads: Layers = 12
    """heads of each attention; they divide the width"""
    width: Width = 768
    """numbers that stand for a token"""
    dropout: Decay = 0.0
    """share of numbers that are left out in training; .1 in GPT-2, 0 for data that is seen once"""
    positions: Literal["learnt", "rotary"] = "learnt"
    """how places are told apart: a vector each, as in GPT-2, or by turning questions and keys"""
    activation: Literal["gelu", "tanh"] = "gelu"
    """within each block: GELU as it is, or its approximation by tanh, which GPT-2 was trained with"""
    lr: Positive = 6e-4
    """highest learning rate (AdamW), which falls to a tenth along half a cosine"""
    warmup: Share = 0.02
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.1
    """weight decay of the matrices"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ConfigError(f"{self.heads} heads do not divide a width of {self.width}: choose --heads that do.")
        if self.positions == "rotary" and self.width // self.heads % 2:
            raise ConfigError("rotary positions need an even number a head: choose another --width or --heads.")

    def networks(self, data: DataSpec) -> Networks:
        text = data.fields["text"]
        assert isinstance(text, Tokens)
        return Networks(network=_Network(text, self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, self.lr / 10), self.warmup)
        return {"network": AdamW("network", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=1.0)}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, L] -> [N, L, K]; L is at most the window."""
        logits: Tensor = _network(nets)(tokens)
        return logits

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With a cache of keys and values. Texts may be longer than the window, which then slides by half of itself.

        Places are counted anew in each window, so what a cache holds is of no use in the next: it is filled again.
        """
        return _network(nets).stepper(n)

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A prompt, which the text goes on from."""
        network = _network(nets)
        return {"prompt": Tokens(network.length, tuple(map(str, range(network.pieces))))} if network.ends else {}


@final
class _Network(nn.Module):
    """Tokens [N, L] int64 -> logits [N, L, K] of each given those before it."""

    def __init__(self, text: Tokens, settings: GPT) -> None:
        super().__init__()
        layers, width, dropout, rotary = (
            settings.layers,
            settings.width,
            settings.dropout,
            settings.positions == "rotary",
        )
        self.length, self.pieces, self.ends = text.length, text.vocabulary, text.way != "numbers"
        self.tokens = nn.Embedding(self.pieces + 1, width)  # the last one stands before the first token
        self.places = None if rotary else nn.Embedding(self.length, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, settings.heads, dropout=dropout, rotary=rotary) for _ in range(layers))
        if settings.activation == "tanh":
            blocks: Any = self.blocks
            for block in blocks:
                block.mlp[1] = nn.GELU(approximate="tanh")
        self.norm = nn.LayerNorm(width)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                added = name.endswith(("attention.out.weight", "mlp.2.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * layers) if added else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, tokens: Tensor) -> Tensor:
        start = torch.full_like(tokens[:, :1], self.pieces)
        return self.after(torch.cat((start, tokens[:, :-1]), 1))

    def after(self, before: Tensor, caches: list[Cache] | None = None) -> Tensor:
        """Tokens of a window, or those that follow what the caches hold, [N, M] -> logits of the next of each."""
        first = len(caches[0]) if caches else 0
        hidden = self.tokens(before)
        if self.places is not None:
            hidden = hidden + self.places(torch.arange(first, first + before.shape[1], device=before.device))
        hidden = self.dropout(hidden)
        for number, block in enumerate(self.blocks):
            hidden = block(hidden, causal=True, cache=caches[number] if caches else None)
        logits: Tensor = self.norm(hidden) @ self.tokens.weight[: self.pieces].T
        return logits

    def stepper(self, n: int) -> Stepper:
        """See `GPT.stepper`."""
        kept = max(1, self.length // 2)
        window = torch.full((n, 1), self.pieces, device=self.tokens.weight.device)
        caches = [Cache() for _ in self.blocks]

        def step(before: Tensor | None) -> Tensor:
            nonlocal window, caches
            if before is None:
                return self.after(window, caches)[:, -1]
            window = torch.cat((window, before[:, None]), 1)
            if window.shape[1] <= self.length:
                return self.after(window[:, -1:], caches)[:, -1]
            window = torch.cat((window[:, :1], window[:, -kept:]), 1)[:, : self.length]
            caches = [Cache() for _ in self.blocks]
            return self.after(window, caches)[:, -1]

        return step


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "characters": {  # github.com/karpathy/nanoGPT: config/train_shakespeare_char.py
        "layers": 6,
        "heads": 6,
        "width": 384,
        "dropout": 0.2,
        "window": 256,
        "batch": 64,
        "lr": 1e-3,
    },
    "small": {  # the same repository's README, for a processor
        "layers": 4,
        "heads": 4,
        "width": 128,
        "window": 64,
        "batch": 12,
        "lr": 1e-3,
    },
}

PROOF = Proof(
    claim="GPT comes within .02 nats of the entropy of a source that looks two tokens back.",
    data="world:markov",
    measure="text-nats",
    difference=0.3,
    bars={"gap": 0.02},
    settings={
        "examples": 40_000,
        "batch": 32,
        "held_out": 0.1,
        "layers": 2,
        "heads": 4,
        "width": 48,
        "positions": "rotary",
        "window": 32,
        "lr": 5e-3,
        "decay": 0.01,
    },
)
