"""Layers of encoders and decoders: attention within, attention to a memory, and two linear layers at each place.

Vaswani et al. 2017, arXiv:1706.03762, section 3; BERT and DETR are built of the same. Keys may come from other vectors
than values, as in DETR, which adds positions to questions and keys alone.
"""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.attention import Cache

Activation = Literal["relu", "gelu"]
Offer = tuple[Tensor, Tensor]
"""keys and values by head, [N, heads, M, width / heads] each"""


@final
class MultiHead(nn.Module):
    """Several heads of scaled dot-product attention, with a matrix each for questions, keys and values."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.question, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        for layer in (self.question, self.key, self.value, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def offer(self, keys: Tensor, values: Tensor) -> Offer:
        """What is attended to, [N, M, width] each, by head."""
        return self._split(self.key(keys)), self._split(self.value(values))

    def forward(self, input: Tensor, offer: Offer, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """What each place gathers: [N, L, width] -> the same.

        causal: place t sees what is offered up to its own place alone. mask: bool, broadcast to [N, heads, L, M]: where
        a place may look.
        """
        dropout = self.dropout if self.training else 0.0
        question = self._split(self.question(input))
        gathered = F.scaled_dot_product_attention(question, *offer, mask, dropout, is_causal=causal)
        output: Tensor = self.out(gathered.transpose(1, 2).flatten(2))
        return output

    def weights(self, input: Tensor, offer: Offer, mask: Tensor | None = None) -> Tensor:
        """How much each place takes from each that is offered.  [N, heads, L, M]"""
        question = self._split(self.question(input))
        scores = question @ offer[0].transpose(2, 3) / question.shape[3] ** 0.5
        scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        shares: Tensor = scores.float().softmax(3)
        return shares

    def _split(self, values: Tensor) -> Tensor:
        by_head: Tensor = values.unflatten(2, (self.heads, -1)).transpose(1, 2)
        return by_head


def pair_of_layers(width: int, hidden: int, dropout: float, activation: Activation) -> nn.Sequential:
    """Two linear layers at each place with an activation between, Xavier and zeros."""
    between = nn.ReLU() if activation == "relu" else nn.GELU()
    layers = nn.Sequential(nn.Linear(width, hidden), between, nn.Dropout(dropout), nn.Linear(hidden, width))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return layers


@final
class EncoderLayer(nn.Module):
    """Attention within [N, L, width], then two linear layers; norms come after each sum, or before each part.

    first: whether norms come first. eps: of the norms.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
        first: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.first = first
        self.attention = MultiHead(width, heads, dropout)
        self.mlp = pair_of_layers(width, hidden, dropout, activation)
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width, eps=eps), nn.LayerNorm(width, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input: Tensor, *, mask: Tensor | None = None, positions: Tensor | None = None) -> Tensor:
        """mask: as of `MultiHead`. positions: added to questions and keys, [N or 1, L, width]."""
        normed = self.attention_norm(input) if self.first else input
        placed = normed if positions is None else normed + positions
        hidden = input + self.dropout(self.attention(placed, self.attention.offer(placed, normed), mask=mask))
        if self.first:
            output: Tensor = hidden + self.dropout(self.mlp(self.mlp_norm(hidden)))
            return output
        hidden = self.attention_norm(hidden)
        output = self.mlp_norm(hidden + self.dropout(self.mlp(hidden)))
        return output


@final
class DecoderLayer(nn.Module):
    """Attention within [N, L, width], attention to a memory [N, M, width], then two linear layers."""

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
        first: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.first = first
        self.attention, self.cross = MultiHead(width, heads, dropout), MultiHead(width, heads, dropout)
        self.mlp = pair_of_layers(width, hidden, dropout, activation)
        self.attention_norm, self.cross_norm, self.mlp_norm = (nn.LayerNorm(width, eps=eps) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        input: Tensor,
        memory: Offer,
        *,
        causal: bool = False,
        mask: Tensor | None = None,
        positions: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """memory: what `cross.offer` makes of it, which is the same in every step.

        causal: within the input. mask: where in the memory a place may look. positions: added to questions and to the
        input's keys. cache: of the places before, which one more place goes on from.
        """
        normed = self.attention_norm(input) if self.first else input
        placed = normed if positions is None else normed + positions
        offer = self.attention.offer(placed, normed)
        if cache is not None:
            offer = cache.extended(*offer)
        hidden = input + self.dropout(self.attention(placed, offer, causal=causal and input.shape[1] > 1))
        if not self.first:
            hidden = self.attention_norm(hidden)
        question = self.cross_norm(hidden) if self.first else hidden
        question = question if positions is None else question + positions
        hidden = hidden + self.dropout(self.cross(question, memory, mask=mask))
        if self.first:
            output: Tensor = hidden + self.dropout(self.mlp(self.mlp_norm(hidden)))
            return output
        hidden = self.cross_norm(hidden)
        output = self.mlp_norm(hidden + self.dropout(self.mlp(hidden)))
        return output
