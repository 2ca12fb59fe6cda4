"""ByteNet: one text into another, in a time that grows with its length. Kalchbrenner et al. 2016, arXiv:1610.10099, 3.

Paper  here
d      half the channels between the blocks: section 3.5, figure 3 (left)
a, b   the length of the target is at most a source + b; here it is that of the data's longest target
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Width
from saddlepoint.data.batches import DataSpec, TextPairBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.sequential import Sequential, Stepper
from saddlepoint.nn.layers.causal import CausalConv1d

_KERNEL = Annotated[int, Range(2, 63)]


@final
@dataclass(frozen=True, kw_only=True)
class ByteNet(Sequential):
    """A decoder of causal convolutions on top of an encoder of convolutions that see both ways, step above step."""

    takes = TextPairBatch

    width: Width = 256
    """d: channels within a block; between the blocks there are twice as many"""
    dilations: tuple[Count, ...] = (1, 2, 4, 8, 16)
    """distances between the steps that a convolution sees, a block each"""
    rounds: Count = 3
    """how often the row of dilations is gone through, in encoder and decoder each"""
    encoder_kernel: _KERNEL = 5
    """steps that each convolution of the encoder sees, odd: as many to either side"""
    decoder_kernel: _KERNEL = 3
    """steps that each convolution of the decoder sees, its own and those before"""
    lr: Positive = 3e-4
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.fields["source"], data.fields["target"]
        assert isinstance(source, Tokens)
        assert isinstance(target, Tokens)
        stack = (self.width, self.dilations * self.rounds)
        return Networks(network=_Network(source, target, *stack, self.encoder_kernel, self.decoder_kernel))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}

    def tokens(self, batch: Any) -> Tensor:
        """The targets.  [N, L] int64"""
        target: Tensor = batch.target
        return target

    def given(self, batch: Any) -> Mapping[str, Tensor]:
        """The sources."""
        return {"source": batch.source}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, L] and the sources [N, S] -> [N, L, K]"""
        network = _network(nets)
        return network.decoded(network.encoded(self._source(given)), tokens)

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With a queue of the past in every layer of the decoder; the encoder runs once."""
        network = _network(nets)
        return network.stepper(network.encoded(self._source(given)))

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A source."""
        network = _network(nets)
        return {"source": Tokens(network.source_length, tuple(map(str, range(network.source_pieces))))}

    def _source(self, given: Mapping[str, Tensor]) -> Tensor:
        if "source" not in given:
            raise CapabilityError("this model makes a text of another one: give a source for each.")
        return given["source"].long()


@final
class _Block(nn.Module):
    """[N, 2d, T] -> [N, 2d, T]: what is added to its input. Each step is normalised by itself: no time leaks.

    causal: whether a step sees those before it alone, or as many to either side.
    """

    def __init__(self, width: int, kernel: int, dilation: int, *, causal: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in (2 * width, width, width))
        self.down, self.up = nn.Linear(2 * width, width), nn.Linear(width, 2 * width)
        self.over: nn.Conv1d = (
            CausalConv1d(width, width, kernel, dilation)
            if causal
            else nn.Conv1d(width, width, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        within = self.before(hidden)
        return hidden + self.after(self.over(within.transpose(1, 2)).transpose(1, 2))

    def before(self, hidden: Tensor) -> Tensor:
        """[..., 2d] -> [..., d]: what the convolution over time takes."""
        return F.relu(self.norms[1](self.down(F.relu(self.norms[0](hidden)))))

    def after(self, over: Tensor) -> Tensor:
        """[..., d] -> [..., 2d]"""
        added: Tensor = self.up(F.relu(self.norms[2](over)))
        return added


@final
class _Network(nn.Module):
    """Sources [N, S] and targets [N, L], int64 -> logits [N, L, K] of each target token given those before it."""

    def __init__(
        self, source: Tokens, target: Tokens, width: int, dilations: tuple[int, ...], encoder: int, decoder: int
    ) -> None:
        super().__init__()
        self.length, self.ends = target.length, target.way != "numbers"
        self.source_length, self.source_pieces = source.length, source.vocabulary
        self.of_source = nn.Embedding(source.vocabulary, 2 * width)
        self.of_target = nn.Embedding(target.vocabulary + 1, 2 * width)  # the last one stands before the first token
        kernel = encoder + 1 - encoder % 2
        self.encoder = nn.ModuleList(_Block(width, kernel, dilation, causal=False) for dilation in dilations)
        self.join = nn.Linear(4 * width, 2 * width)
        self.decoder = nn.ModuleList(_Block(width, decoder, dilation, causal=True) for dilation in dilations)
        self.head = nn.Sequential(nn.LayerNorm(2 * width), nn.ReLU(), nn.Linear(2 * width, target.vocabulary))
        for layer in self.modules():
            if isinstance(layer, nn.Embedding):
                nn.init.normal_(layer.weight, std=0.1)

    def encoded(self, source: Tensor) -> Tensor:
        """[N, S] -> [N, L, 2d]: the source, filled up with ends or cut, as it stands below each target token."""
        filled = F.pad(source, (0, max(0, self.length - source.shape[1])))
        return self.encoded_vectors(self.of_source(filled))

    def encoded_vectors(self, hidden: Tensor) -> Tensor:
        """Vectors of the source [N, T, 2d], T at least L -> [N, L, 2d]"""
        for block in self.encoder:
            hidden = block(hidden)
        return hidden[:, : self.length]

    def decoded(self, encoded: Tensor, target: Tensor) -> Tensor:
        """[N, L, 2d] and [N, L] -> [N, L, K]"""
        start = torch.full_like(target[:, :1], self.of_target.num_embeddings - 1)
        return self.decoded_vectors(encoded, self.of_target(torch.cat((start, target[:, :-1]), 1)))

    def decoded_vectors(self, encoded: Tensor, before: Tensor) -> Tensor:
        """before: of the token before each, [N, L, 2d]."""
        hidden = self.join(torch.cat((encoded[:, : before.shape[1]], before), 2))
        for block in self.decoder:
            hidden = block(hidden)
        logits: Tensor = self.head(hidden)
        return logits

    def stepper(self, encoded: Tensor) -> Stepper:
        """See `Sequential.stepper`."""
        blocks: list[Any] = list(self.decoder)
        queues = [block.over.queue(len(encoded)) for block in blocks]
        time = 0

        def step(before: Tensor | None) -> Tensor:
            nonlocal time
            start = torch.full((len(encoded),), self.of_target.num_embeddings - 1, device=encoded.device)
            vector = self.of_target(start if before is None else before)
            hidden = self.join(torch.cat((encoded[:, time], vector), 1))
            for block, queue in zip(blocks, queues):
                hidden = hidden + block.after(block.over.step(block.before(hidden), queue, time))
            time += 1
            logits: Tensor = self.head(hidden)
            return logits

        return step


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "translation": {"width": 400, "rounds": 6, "batch": 64, "lr": 3e-4},  # section 6: 30 blocks, 2d = 800
    "small": {"width": 32, "rounds": 1, "batch": 32, "lr": 3e-3},
}

PROOF = Proof(
    claim="ByteNet writes most numbers that it never saw in digits, from their words, letter by letter.",
    data="world:numbers",
    measure="exact-answers",
    share=0.1,
    bars={"exact": 0.65},
    settings={"examples": 40_000, "held_out": 0.1, "width": 32, "rounds": 1, "batch": 32, "lr": 3e-3},
)
