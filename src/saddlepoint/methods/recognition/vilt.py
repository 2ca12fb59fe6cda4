"""ViLT: words and patches of an image in one transformer, without a network of its own for either. Kim et al. 2021,
arXiv:2102.03334, section 3.

Paper  here
ITM    "match": whether a caption is that of an image, which for half of them is another one's of the batch
MLM    "masked": hidden words of captions that fit, in a pass of its own
WPA    "aligned": optimal transport between words and patches, less for pairs that fit (`alignment`)

The paper begins with the weights of a ViT and the words of BERT; here all begins anew, and all patches are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.losses.transport import alignment
from saddlepoint.methods.base import AdamW, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.sequential import said
from saddlepoint.nn.backbones.vit import initialise, patches_of
from saddlepoint.nn.layers.attention import Block


@final
@dataclass(frozen=True, kw_only=True)
class ViLT(Method):
    """One row of words and patches, read by attention."""

    takes = CaptionBatch
    batch_statistics = True
    compiles = ("network",)

    patch: Count = 32
    """pixels of a side of a patch; it divides both sides of the images"""
    layers: Layers = 12
    """attention blocks"""
    heads: Layers = 12
    """heads of each attention; they divide the width"""
    width: Width = 768
    """numbers that stand for a word or a patch"""
    dropout: Decay = 0.1
    """share of numbers that are left out in training"""
    masked: Share = 0.15
    """share of words that are hidden and asked for"""
    alignment: Weight = 0.1
    """weight of the optimal transport between words and patches"""
    lr: Positive = 1e-4
    """highest learning rate (AdamW), which falls in a line to 0"""
    warmup: Share = 0.1
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
        return Networks(network=_Network(data.image(), text, self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Linear(self.lr), self.warmup)
        return {"network": AdamW("network", lr=rate, betas=(0.9, 0.98), weight_decay=self.decay, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch, network = draw(), nets.network
        image, text = batch.image, batch.text
        meaning = said(text) if network.ends else torch.ones_like(text, dtype=torch.bool)
        own = draw.uniform(len(text)) < 0.5
        own = own | (len(text) == 1)
        other = torch.where(own[:, None, None, None], image, image.roll(1, 0))
        words, patches, start = network(text, meaning, other)
        match = network.match(start)[:, 0].float()
        losses = {"match": F.binary_cross_entropy_with_logits(match, own.float())}
        if self.alignment:
            cost = alignment(words, patches, meaning)
            apart = torch.where(own, cost, -cost).mean()
            losses["aligned"] = self.alignment * apart
        hidden = (draw.uniform(*text.shape) < self.masked) & meaning
        words, _, _ = network(text.masked_fill(hidden, network.hole), meaning, image)
        each = F.cross_entropy(network.named(words).float().transpose(1, 2), text, reduction="none")
        share = hidden / (self.masked * meaning.sum(1, keepdim=True))  # its sum is 1 on average
        losses["masked"] = (each * share).sum(1).mean()
        hits = ((match.detach() > 0) == own).float().mean()
        yield Update("network", losses, watch={"match_right": hits})

    def matches(self, nets: nn.Module, images: Tensor, text: Tensor) -> Tensor:
        """How likely each caption is that of its image: [n, C, H, W] in [-1, 1] and [n, L] int64 -> [n]."""
        network = _network(nets)
        _, _, start = network(text.long(), network.meaning(text), images)
        shares: Tensor = network.match(start)[:, 0].float().sigmoid()
        return shares

    def words_of(self, nets: nn.Module, images: Tensor, text: Tensor, hidden: Tensor) -> Tensor:
        """Log-probabilities of each piece at each place of a caption, from the image and the words that are not hidden.

        text: [n, L] int64. hidden: [n, L] bool. Returns [n, L, pieces].
        """
        network = _network(nets)
        shown = text.long().masked_fill(hidden, network.hole)
        words, _, _ = network(shown, network.meaning(text) | hidden, images)
        logs: Tensor = network.named(words).float().log_softmax(2)
        return logs


@final
class _Network(nn.Module):
    """Captions [N, L] and images [N, C, H, W] -> states of the words, of the patches, and of the token before them."""

    def __init__(self, image: Image, text: Tokens, settings: ViLT) -> None:
        super().__init__()
        rows, columns = patches_of(image, settings.patch)
        width = settings.width
        self.hole, self.ends = text.vocabulary, text.way != "numbers"
        self.tokens = nn.Embedding(text.vocabulary + 2, width)  # then what hides, and the token before the words
        self.places = nn.Embedding(text.length + 1, width)
        self.token_norm = nn.LayerNorm(width)
        self.embed = nn.Conv2d(image.channels, width, settings.patch, settings.patch)
        self.positions = nn.Parameter(torch.zeros(1, rows * columns, width))
        self.kinds = nn.Parameter(torch.zeros(2, 1, 1, width))  # of words, and of patches
        self.dropout = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList(
            Block(width, settings.heads, dropout=settings.dropout) for _ in range(settings.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.pooler, self.verdict = nn.Linear(width, width), nn.Linear(width, 1)
        self.word = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(text.vocabulary))
        initialise(self)
        for weight in (self.tokens.weight, self.places.weight, self.positions, self.kinds):
            nn.init.trunc_normal_(weight, std=0.02)

    def forward(self, text: Tensor, meaning: Tensor, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        start = torch.full_like(text[:, :1], self.hole + 1)
        read = torch.cat((start, text), 1)
        places = self.places(torch.arange(read.shape[1], device=text.device))
        words = self.token_norm(self.tokens(read) + places) + self.kinds[0]
        patches = self.embed(image).flatten(2).transpose(1, 2) + self.positions + self.kinds[1]
        hidden = self.dropout(torch.cat((words, patches), 1))
        always = torch.ones(len(text), 1, dtype=torch.bool, device=text.device)
        mask = torch.cat((always, meaning, always.expand(-1, patches.shape[1])), 1)[:, None, None]
        for block in self.blocks:
            hidden = block(hidden, mask=mask)
        hidden = self.norm(hidden)
        return hidden[:, 1 : read.shape[1]], hidden[:, read.shape[1] :], hidden[:, 0]

    def meaning(self, text: Tensor) -> Tensor:
        """Which tokens are part of a caption.  [N, L] bool"""
        return said(text) if self.ends else torch.ones_like(text, dtype=torch.bool)

    def match(self, start: Tensor) -> Tensor:
        """[N, width] -> logits of a caption that fits, [N, 1]"""
        logits: Tensor = self.verdict(self.pooler(start).tanh())
        return logits

    def named(self, words: Tensor) -> Tensor:
        """[N, L, width] -> logits of each piece, [N, L, K]"""
        logits: Tensor = self.word(words) @ self.tokens.weight[: self.hole].T + self.bias
        return logits


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 384, "batch": 4096, "lr": 1e-4},  # section 4.2, where the shorter side has 384 pixels
    "small": {  # small images, a processor
        "patch": 8,
        "layers": 3,
        "heads": 4,
        "width": 64,
        "dropout": 0.0,
        "lr": 2e-3,
        "batch": 64,
    },
}

PROOF = Proof(
    claim="ViLT knows which of two captions, one of them with a single wrong word, is that of an image, and names"
    " colours that were hidden from what it sees.",
    data="world:captions",
    measure="captions",
    difference=0.25,
    bars={"colour": 0.8},
    settings={
        "examples": 120_000,
        "batch": 32,
        "held_out": 0.1,
        "patch": 8,
        "layers": 2,
        "heads": 4,
        "width": 64,
        "dropout": 0.0,
        "masked": 0.5,
        "alignment": 0.0,
        "lr": 2e-3,
        "decay": 0.01,
    },
)
