"""Mamba-2: a language model whose state fades by what it reads, in a time that grows with the length. Dao & Gu 2024,
arXiv:2405.21060, sections 6 and 7.

Paper  here
N      state
P      head
Q      chunk
A      minus exp(log_decay), one number a head
dt     softplus of a projection and a bias

A sequence is cut into chunks: within one the same is computed by matrices, as attention does, and from one to the next
the state takes a step. Writing needs the state alone, whatever the length of what was read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import AdamW, Cosine, Networks, Optim, Proof, WarmUp
from saddlepoint.methods.families.sequential import SequentialDensity, Stepper
from saddlepoint.nn.layers.state_space import Mamba2Mixer


@final
@dataclass(frozen=True, kw_only=True)
class Mamba2(SequentialDensity):
    """A stack of selective state spaces."""

    layers: Layers = 24
    """layers, one above the other"""
    width: Width = 768
    """numbers that stand for a token; twice as many are kept within a layer"""
    state: Width = 128
    """numbers that the state keeps of each of them"""
    head: Width = 64
    """numbers of a head, whose state fades as one; they divide twice the width"""
    chunk: Count = 64
    """tokens of a chunk; it changes the speed and not the result"""
    lr: Positive = 6e-4
    """highest learning rate (AdamW), which falls to a tenth along half a cosine"""
    warmup: Share = 0.02
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.1
    """weight decay of the matrices"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if 2 * self.width % self.head:
            raise ConfigError(f"heads of {self.head} do not divide {2 * self.width}, twice the width: choose --head.")

    def networks(self, data: DataSpec) -> Networks:
        text = data.fields["text"]
        assert isinstance(text, Tokens)
        return Networks(network=_Network(text, self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, self.lr / 10), self.warmup)
        return {"network": AdamW("network", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=1.0)}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, L] -> [N, L, K]; L may be any."""
        logits: Tensor = _network(nets)(tokens)
        return logits

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With the state of the step before."""
        return _network(nets).stepper(n)

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A prompt, which the text goes on from."""
        network = _network(nets)
        return {"prompt": Tokens(network.length, tuple(map(str, range(network.pieces))))} if network.ends else {}


@final
class _Network(nn.Module):
    """Tokens [N, L] int64 -> logits [N, L, K] of each given those before it."""

    def __init__(self, text: Tokens, settings: Mamba2) -> None:
        super().__init__()
        self.length, self.pieces, self.ends = text.length, text.vocabulary, text.way != "numbers"
        self.tokens = nn.Embedding(self.pieces + 1, settings.width)  # the last one stands before the first token
        self.norms = nn.ModuleList(nn.RMSNorm(settings.width, eps=1e-5) for _ in range(settings.layers))
        self.mixers = nn.ModuleList(
            Mamba2Mixer(settings.width, state=settings.state, head=settings.head, chunk=settings.chunk)
            for _ in range(settings.layers)
        )
        self.norm = nn.RMSNorm(settings.width, eps=1e-5)
        nn.init.normal_(self.tokens.weight, std=0.02)
        mixers: list[Any] = list(self.mixers)
        for mixer in mixers:
            with torch.no_grad():
                mixer.out.weight /= math.sqrt(settings.layers)

    def forward(self, tokens: Tensor) -> Tensor:
        start = torch.full_like(tokens[:, :1], self.pieces)
        return self.after(torch.cat((start, tokens[:, :-1]), 1))

    def after(self, before: Tensor) -> Tensor:
        """[N, L] -> logits of what follows each, [N, L, K]"""
        hidden = self.tokens(before)
        for norm, mixer in zip(self.norms, self.mixers):
            hidden = hidden + mixer(norm(hidden))
        return self.head(hidden)

    def head(self, hidden: Tensor) -> Tensor:
        """[..., width] -> [..., K], by the matrix of the tokens."""
        logits: Tensor = self.norm(hidden) @ self.tokens.weight[: self.pieces].T
        return logits

    def stepper(self, n: int) -> Stepper:
        """See `Sequential.stepper`."""
        mixers: list[Any] = list(self.mixers)
        states = [mixer.begin(n) for mixer in mixers]
        start = torch.full((n,), self.pieces, device=self.tokens.weight.device)

        def step(before: Tensor | None) -> Tensor:
            hidden = self.tokens(start if before is None else before)
            for number, (norm, mixer) in enumerate(zip(self.norms, mixers)):
                mixed, states[number] = mixer.step(norm(hidden), states[number])
                hidden = hidden + mixed
            return self.head(hidden)

        return step


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "130m": {"layers": 24, "width": 768, "state": 128, "head": 64},  # table 9, with its tokenizer of 50,277 pieces
    "small": {"layers": 2, "width": 64, "state": 32, "head": 16, "chunk": 32, "lr": 3e-3, "batch": 32},
}

PROOF = Proof(
    claim="Mamba-2 comes within .05 nats of the entropy of a source that looks two tokens back.",
    data="world:markov",
    measure="text-nats",
    difference=0.3,
    bars={"gap": 0.05},
    settings={
        "examples": 30_000,
        "batch": 32,
        "held_out": 0.1,
        "window": 32,
        "layers": 2,
        "width": 48,
        "state": 16,
        "head": 16,
        "chunk": 16,
        "lr": 5e-3,
        "decay": 0.01,
    },
)
