"""BERT: an encoder learns from hidden words and from whether one text goes on from another. Devlin et al. 2019,
arXiv:1810.04805, section 3.

Paper  here
L, H, A       layers, width, heads
MLM           "masked": the words that are hidden, from both sides
NSP           "next": whether the second half of the window goes on from the first

Each window of the data (`--window`) is cut in its middle; for half of the examples the second part is that of another
one of the batch. Adam's missing bias correction of the authors' code is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, TextBatch
from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import AdamW, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.sequential import said
from saddlepoint.nn.layers.encoder_decoder import EncoderLayer

_EPSILON = 1e-12  # of the norms


@final
@dataclass(frozen=True, kw_only=True)
class BERT(Method):
    """Layers of attention that see a text from both sides."""

    takes = TextBatch
    batch_statistics = True
    compiles = ("encoder",)

    layers: Layers = 12
    """layers of attention"""
    heads: Layers = 12
    """heads of each attention; they divide the width"""
    width: Width = 768
    """numbers that stand for a token"""
    hidden: Width = 3072
    """numbers between the two linear layers at each place"""
    dropout: Decay = 0.1
    """share of numbers that are left out in training"""
    masked: Share = 0.15
    """share of tokens that are asked for: of these 80 % are hidden, 10 % are another token, and 10 % stay"""
    lr: Positive = 1e-4
    """highest learning rate (AdamW), which falls in a line to 0"""
    warmup: Share = 0.01
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.01
    """weight decay of the matrices"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ConfigError(f"{self.heads} heads do not divide a width of {self.width}: choose --heads that do.")
        if not self.masked:
            raise ConfigError("with --masked 0 no word is asked for: choose a share above 0.")

    def networks(self, data: DataSpec) -> Networks:
        text = data.fields["text"]
        assert isinstance(text, Tokens)
        if text.length < 2:
            raise ConfigError("a window is cut in two: use --window 2 or more.")
        return Networks(encoder=_Encoder(text, self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Linear(self.lr), self.warmup)
        return {"encoder": AdamW("encoder", lr=rate, weight_decay=self.decay, eps=1e-6, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        text, encoder = draw().text, nets.encoder
        text, follows = other_halves(text, draw.uniform(len(text)) < 0.5)
        meaning = said(text) if encoder.ends else torch.ones_like(text, dtype=torch.bool)
        shown, targets = hide(text, meaning, draw.uniform(*text.shape, 3), self.masked, encoder.hole)
        words, next_ = encoder(shown, meaning)
        each = F.cross_entropy(words.float().transpose(1, 2), text, reduction="none")
        share = targets / (self.masked * meaning.sum(1, keepdim=True))  # its sum is 1 on average
        hits = ((next_.detach() > 0) == follows).float().mean()
        losses = {
            "masked": (each * share).sum(1).mean(),
            "next": F.binary_cross_entropy_with_logits(next_.float(), follows.float()),
        }
        yield Update("encoder", losses, watch={"next_right": hits})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """Whether the second half of a text goes on from the first."""
        return {"next": Probabilities(("another text", "goes on"))}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Texts [n, L] -> how likely it is that the second half goes on from the first, after that it does not."""
        tokens, encoder = examples.long(), _encoder(nets)
        goes_on = encoder(tokens, self._meaning(encoder, tokens))[1].float().sigmoid()
        return {"next": torch.stack((1 - goes_on, goes_on), 1)}

    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """What stands for a whole text, [n, width]: the state of the token before it, through the pooler."""
        tokens, encoder = examples.long(), _encoder(nets)
        pooled: Tensor = encoder.pooled(encoder.states(tokens, self._meaning(encoder, tokens)))
        return pooled.float()

    def hidden_words(self, nets: nn.Module, text: Tensor, hidden: Tensor) -> Tensor:
        """How likely each piece is at each place of texts of which some are hidden.

        text: [n, L] int64. hidden: [n, L] bool, which are not to be seen. Returns [n, L, pieces], log-probabilities.
        Raises ShapeError where the two do not fit.
        """
        if text.shape != hidden.shape:
            raise ShapeError(
                f"hidden has shape {list(hidden.shape)}, the texts {list(text.shape)}: say it of each token."
            )
        encoder = _encoder(nets)
        words, _ = encoder(text.masked_fill(hidden, encoder.hole), self._meaning(encoder, text) | hidden)
        logs: Tensor = words.float().log_softmax(2)
        return logs

    def _meaning(self, encoder: _Encoder, tokens: Tensor) -> Tensor:
        return said(tokens) if encoder.ends else torch.ones_like(tokens, dtype=torch.bool)


def other_halves(text: Tensor, follows: Tensor) -> tuple[Tensor, Tensor]:
    """Texts whose second half is that of the next row, where they do not follow, and which of them do.

    text: [N, L]. follows: [N] bool. A single row always follows itself.
    """
    half = text.shape[1] // 2
    if len(text) == 1:
        return text, torch.ones_like(follows)
    second = torch.where(follows[:, None], text[:, half:], text[:, half:].roll(1, 0))
    return torch.cat((text[:, :half], second), 1), follows


def hide(text: Tensor, meaning: Tensor, noise: Tensor, share: float, hole: int) -> tuple[Tensor, Tensor]:
    """What the network sees, [N, L], and which tokens it is asked for, bool.

    meaning: [N, L] bool, tokens that may be asked for. noise: [N, L, 3], even over [0, 1). hole: the number that stands
    for a hidden token, which is also that of pieces. Of the asked 80 % are hidden, 10 % another token, 10 % stay.
    """
    targets = (noise[..., 0] < share) & meaning
    other = (noise[..., 2] * hole).long()
    shown = torch.where(targets & (noise[..., 1] < 0.8), hole, text)
    return torch.where(targets & (noise[..., 1] >= 0.9), other, shown), targets


@final
class _Encoder(nn.Module):
    """Texts [N, L] -> logits of each token [N, L, K], and of the second half going on from the first [N].

    The network reads start, first half, mark, second half, mark.
    """

    def __init__(self, text: Tokens, settings: BERT) -> None:
        super().__init__()
        width = settings.width
        self.length, self.hole, self.ends = text.length, text.vocabulary, text.way != "numbers"
        self.tokens = nn.Embedding(text.vocabulary + 3, width)  # then what hides, the start and the mark
        self.places = nn.Embedding(text.length + 3, width)
        self.segments = nn.Embedding(2, width)
        self.norm, self.dropout = nn.LayerNorm(width, eps=_EPSILON), nn.Dropout(settings.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(
                width,
                settings.heads,
                settings.hidden,
                dropout=settings.dropout,
                activation="gelu",
                eps=_EPSILON,
            )
            for _ in range(settings.layers)
        )
        self.pooler = nn.Linear(width, width)
        self.next = nn.Linear(width, 1)
        self.word = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width, eps=_EPSILON))
        self.bias = nn.Parameter(torch.zeros(text.vocabulary))
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, text: Tensor, meaning: Tensor) -> tuple[Tensor, Tensor]:
        states = self.states(text, meaning)
        half = text.shape[1] // 2
        places = torch.cat((states[:, 1 : half + 1], states[:, half + 2 : -1]), 1)
        words = self.word(places) @ self.tokens.weight[: self.hole].T + self.bias
        return words, self.next(self.pooled(states))[:, 0]

    def states(self, text: Tensor, meaning: Tensor) -> Tensor:
        """[N, L] -> [N, L + 3, width]. meaning: [N, L] bool, tokens that may be looked at."""
        half, n = text.shape[1] // 2, len(text)
        start, mark = (torch.full((n, 1), self.hole + number, device=text.device) for number in (1, 2))
        read = torch.cat((start, text[:, :half], mark, text[:, half:], mark), 1)
        always = torch.ones((n, 1), dtype=torch.bool, device=text.device)
        mask = torch.cat((always, meaning[:, :half], always, meaning[:, half:], always), 1)[:, None, None]
        segment = (torch.arange(read.shape[1], device=text.device) >= half + 2).long()
        places = self.places(torch.arange(read.shape[1], device=text.device))
        return self.read(self.tokens(read) + places + self.segments(segment), mask)

    def read(self, vectors: Tensor, mask: Tensor | None) -> Tensor:
        """Sums of embeddings [N, M, width] -> states [N, M, width]"""
        hidden: Tensor = self.dropout(self.norm(vectors))
        for layer in self.layers:
            hidden = layer(hidden, mask=mask)
        return hidden

    def pooled(self, states: Tensor) -> Tensor:
        """[N, M, width] -> [N, width]"""
        pooled: Tensor = self.pooler(states[:, 0]).tanh()
        return pooled


def _encoder(nets: nn.Module) -> _Encoder:
    encoder = nets.get_submodule("encoder")
    assert isinstance(encoder, _Encoder)
    return encoder


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "base": {"window": 509, "batch": 256, "tokens": "bpe", "vocabulary": 30_000},  # appendix A.2
    "large": {"layers": 24, "heads": 16, "width": 1024, "hidden": 4096, "window": 509, "batch": 256},  # section 3
    "small": {"layers": 2, "heads": 4, "width": 64, "hidden": 256, "dropout": 0.0, "lr": 2e-3, "batch": 64},
}

PROOF = Proof(
    claim="BERT guesses hidden words almost as well as the law that the texts were drawn from allows, and knows whether"
    " a sentence goes on from another.",
    data="world:agreement",
    measure="masked-words",
    difference=2.0,
    bars={"gap": 0.15, "next": 0.8},
    settings={
        "examples": 90_000,
        "batch": 32,
        "held_out": 0.1,
        "layers": 2,
        "heads": 4,
        "width": 64,
        "hidden": 128,
        "dropout": 0.0,
        "lr": 3e-3,
        "warmup": 0.05,
    },
)
