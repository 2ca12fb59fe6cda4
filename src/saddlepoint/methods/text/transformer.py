"""Transformer: an encoder reads a text, a decoder writes another one from it. Vaswani et al. 2017, arXiv:1706.03762.

Paper     here
d_model   width
d_ff      hidden
h, N      heads, layers (of encoder and decoder each)
P_drop    dropout
eps_ls    smoothing

Source and target have tokenizers of their own, so the decoder's matrix is used for its output, and the encoder has
another; the paper has one vocabulary and one matrix for all three.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Positive, Width
from saddlepoint.data.batches import DataSpec, TextPairBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.sequential import Sequential, Stepper, said
from saddlepoint.nn.layers.attention import Cache, waves
from saddlepoint.nn.layers.encoder_decoder import DecoderLayer, EncoderLayer, Offer


@dataclass(frozen=True)
class InverseRoot:
    """A rate that rises in a line for `warmup` steps and then falls with the square root of the step: eq. 3."""

    scale: float
    warmup: int

    def __call__(self, clock: Clock) -> float:
        step = clock.step + 1
        return float(self.scale * min(step**-0.5, step * self.warmup**-1.5))


@final
@dataclass(frozen=True, kw_only=True)
class Transformer(Sequential):
    """Attention within the source, within what is written, and from what is written to the source."""

    takes = TextPairBatch

    layers: Layers = 6
    """layers of the encoder, and as many of the decoder"""
    heads: Layers = 8
    """heads of each attention; they divide the width"""
    width: Width = 512
    """numbers that stand for a token"""
    hidden: Width = 2048
    """numbers between the two linear layers at each place"""
    dropout: Decay = 0.1
    """share of numbers that are left out in training"""
    smoothing: Decay = 0.1
    """share of each target that is spread over all tokens (label smoothing)"""
    norms: Literal["after", "before"] = "after"
    """norms come after each sum, as in the paper, or before each part, as in most later work"""
    scale: Positive = 1.0
    """multiplies the rate of the paper, width^-.5 min(step^-.5, step warmup^-1.5)"""
    warmup: Count = 4000
    """steps in which the rate rises"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads or self.width % 2:
            raise ConfigError(
                f"a width of {self.width} does not fit {self.heads} heads: choose an even one that they divide."
            )

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.fields["source"], data.fields["target"]
        assert isinstance(source, Tokens)
        assert isinstance(target, Tokens)
        return Networks(network=_Network(source, target, self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = InverseRoot(self.scale * self.width**-0.5, self.warmup)
        return {"network": Adam("network", lr=rate, betas=(0.9, 0.98), eps=1e-9)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        logits = self.logits(nets, batch.target, {"source": batch.source}).float()
        counts = said(batch.target) if nets.network.ends else torch.ones_like(batch.target, dtype=torch.bool)
        share = counts.float() / counts.shape[1]
        each = F.cross_entropy(logits.transpose(1, 2), batch.target, reduction="none", label_smoothing=self.smoothing)
        plain = F.cross_entropy(logits.detach().transpose(1, 2), batch.target, reduction="none")
        nats = (plain * share).sum(1).mean()
        yield Update("network", {"smoothed": (each * share).sum(1).mean()}, watch={"nats": nats})

    def tokens(self, batch: Any) -> Tensor:
        """The targets.  [N, L] int64"""
        target: Tensor = batch.target
        return target

    def given(self, batch: Any) -> Mapping[str, Tensor]:
        """The sources."""
        return {"source": batch.source}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, L] and the sources [N, S] -> [N, L, K]"""
        network, source = _network(nets), _source(given)
        return network.decoded(network.encoded(source), network.mask(source), tokens)

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With a cache of what is written; the encoder runs once, and what it offers to the decoder is made once."""
        network, source = _network(nets), _source(given)
        return network.stepper(network.encoded(source), network.mask(source))

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A source."""
        network = _network(nets)
        return {"source": Tokens(network.source_length, tuple(map(str, range(network.of_source.num_embeddings))))}


@final
class _Network(nn.Module):
    """Sources [N, S] and targets [N, L], int64 -> logits [N, L, K] of each target token given those before it."""

    waves: Tensor

    def __init__(self, source: Tokens, target: Tokens, settings: Transformer) -> None:
        super().__init__()
        width, first = settings.width, settings.norms == "before"
        self.length, self.ends = target.length, target.way != "numbers"
        self.source_length, self.source_ends = source.length, source.way != "numbers"
        self.pieces, self.root = target.vocabulary, math.sqrt(width)
        self.of_source = nn.Embedding(source.vocabulary, width)
        self.of_target = nn.Embedding(target.vocabulary + 1, width)  # the last one stands before the first token
        for embedding in (self.of_source, self.of_target):
            nn.init.normal_(embedding.weight, std=width**-0.5)
        self.register_buffer("waves", waves(max(source.length, target.length), width)[None], persistent=False)
        self.dropout = nn.Dropout(settings.dropout)
        sizes = (width, settings.heads, settings.hidden)
        self.encoder = nn.ModuleList(
            EncoderLayer(*sizes, dropout=settings.dropout, first=first) for _ in range(settings.layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(*sizes, dropout=settings.dropout, first=first) for _ in range(settings.layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) if first else nn.Identity() for _ in range(2))

    def mask(self, source: Tensor) -> Tensor | None:
        """Where the source says something, [N, 1, 1, S]; None where all of it does."""
        return said(source)[:, None, None] if self.source_ends else None

    def encoded(self, source: Tensor) -> Tensor:
        """[N, S] -> [N, S, width]"""
        hidden, mask = self.placed(self.of_source(source)), self.mask(source)
        for layer in self.encoder:
            hidden = layer(hidden, mask=mask)
        memory: Tensor = self.norms[0](hidden)
        return memory

    def decoded(self, memory: Tensor, mask: Tensor | None, target: Tensor) -> Tensor:
        """[N, S, width] and [N, L] -> [N, L, K]"""
        start = torch.full_like(target[:, :1], self.pieces)
        before = self.placed(self.of_target(torch.cat((start, target[:, :-1]), 1)))
        return self.decoded_vectors(self.offers(memory), mask, before)

    def decoded_vectors(self, memory: list[Offer], mask: Tensor | None, hidden: Tensor) -> Tensor:
        """hidden: of the token before each, with its place.  [N, L, width] -> [N, L, K]"""
        for layer, offer in zip(self.decoder, memory):
            hidden = layer(hidden, offer, causal=True, mask=mask)
        return self.head(hidden)

    def placed(self, vectors: Tensor, first: int = 0) -> Tensor:
        """Embeddings [N, L, width] in the scale of positions, with those from `first` on."""
        placed: Tensor = self.dropout(vectors * self.root + self.waves[:, first : first + vectors.shape[1]])
        return placed

    def offers(self, memory: Tensor) -> list[Offer]:
        """What the memory offers to each layer of the decoder."""
        layers: list[Any] = list(self.decoder)
        return [layer.cross.offer(memory, memory) for layer in layers]

    def head(self, hidden: Tensor) -> Tensor:
        """The logits of vectors, by the matrix of the target's tokens."""
        logits: Tensor = self.norms[1](hidden) @ self.of_target.weight[: self.pieces].T
        return logits

    def stepper(self, memory: Tensor, mask: Tensor | None) -> Stepper:
        """See `Sequential.stepper`."""
        offers, caches = self.offers(memory), [Cache() for _ in self.decoder]

        def step(before: Tensor | None) -> Tensor:
            start = torch.full((len(memory),), self.pieces, device=memory.device)
            vector = self.of_target(start if before is None else before)[:, None]
            hidden = self.placed(vector, len(caches[0]))
            for layer, offer, cache in zip(self.decoder, offers, caches):
                hidden = layer(hidden, offer, mask=mask, cache=cache)
            return self.head(hidden)[:, 0]

        return step


def _source(given: Mapping[str, Tensor]) -> Tensor:
    if "source" not in given:
        raise CapabilityError("this model makes a text of another one: give a source for each.")
    return given["source"].long()


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "big": {"heads": 16, "width": 1024, "hidden": 4096, "dropout": 0.3},  # table 3
    "small": {  # for short texts on a processor
        "layers": 2,
        "heads": 4,
        "width": 64,
        "hidden": 256,
        "norms": "before",
        "warmup": 400,
        "batch": 64,
    },
}

PROOF = Proof(
    claim="A transformer translates sentences that it never saw, with their words in another order, from pairs alone.",
    data="world:sentences",
    measure="exact-answers",
    share=0.1,
    bars={"exact": 0.85},
    settings={
        "examples": 40_000,
        "held_out": 0.1,
        "batch": 64,
        "layers": 2,
        "heads": 4,
        "width": 64,
        "hidden": 128,
        "dropout": 0.0,
        "scale": 0.5,
        "warmup": 300,
    },
)
