"""Attention: what each place takes from other places, by how well its question fits what they offer.

Vaswani et al. 2017, arXiv:1706.03762, sections 3.2 and 3.5; rotary positions: Su et al. 2021, arXiv:2104.09864, eq. 34.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class Cache:
    """Keys and values of the places so far, of one attention: [N, heads, places, d] each."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def __len__(self) -> int:
        """How many places it holds."""
        return 0 if self.keys is None else self.keys.shape[2]

    def extended(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values once new places have come."""
        if self.keys is None or self.values is None:
            self.keys, self.values = keys, values
        else:
            self.keys, self.values = torch.cat((self.keys, keys), 2), torch.cat((self.values, values), 2)
        return self.keys, self.values


@final
class Attention(nn.Module):
    """Several heads of scaled dot-product attention: [N, L, width] -> [N, L, width], by torch's fused call.

    heads: each has width / heads numbers. memory: width of what is attended to, where that is not the input itself.
    rotary: turn questions and keys by their places, so that only distances between places count. bias: whether the
    layers add one.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        memory: int | None = None,
        dropout: float = 0.0,
        rotary: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads, self.dropout, self.rotary = heads, dropout, rotary
        self.question = nn.Linear(width, width, bias)
        self.offer = nn.Linear(memory or width, 2 * width, bias)  # keys, then values
        self.out = nn.Linear(width, width, bias)

    def forward(
        self,
        input: Tensor,
        memory: Tensor | None = None,
        *,
        causal: bool = False,
        mask: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """What each place of the input gathers.

        memory: [N, M, memory] to attend to; None for the input. causal: place t sees the places up to its own alone.
        mask: bool, broadcast to [N, heads, L, M]: where a place may look. cache: of the places before, which causal
        attention goes on from; the input is then what follows them.
        """
        first = 0 if cache is None else len(cache)
        question = self._split(self.question(input))
        keys, values = map(self._split, self.offer(input if memory is None else memory).chunk(2, 2))
        if self.rotary:
            question, keys = rotated(question, first), rotated(keys, first)
        if cache is not None:
            keys, values = cache.extended(keys, values)
        places = question.shape[2]
        if causal and first and places > 1:
            earlier = torch.ones(places, first + places, dtype=torch.bool, device=input.device).tril(first)
            mask = earlier if mask is None else mask & earlier
        straight = causal and not first and mask is None and places > 1
        if causal and not first and mask is not None:
            mask = mask & torch.ones(places, places, dtype=torch.bool, device=input.device).tril()
        dropout = self.dropout if self.training else 0.0
        gathered = F.scaled_dot_product_attention(question, keys, values, mask, dropout, is_causal=straight)
        output: Tensor = self.out(gathered.transpose(1, 2).flatten(2))
        return output

    def _split(self, values: Tensor) -> Tensor:
        """[N, L, width] -> [N, heads, L, width / heads]"""
        by_head: Tensor = values.unflatten(2, (self.heads, -1)).transpose(1, 2)
        return by_head


def rotated(values: Tensor, first: int = 0) -> Tensor:
    """Values [..., L, d], d even, turned in pairs (i, i + d / 2) by their place, from `first` on, times 10000^(-2i/d).

    The product of two such vectors depends on the distance of their places alone.
    """
    half = values.shape[-1] // 2
    speed = 10_000.0 ** (-torch.arange(half, device=values.device, dtype=torch.float32) / half)
    place = torch.arange(first, first + values.shape[-2], device=values.device, dtype=torch.float32)
    angle = place[:, None] * speed
    cosine, sine = angle.cos().to(values.dtype), angle.sin().to(values.dtype)
    left, right = values[..., :half], values[..., half:]
    return torch.cat((left * cosine - right * sine, left * sine + right * cosine), -1)


def waves(places: int, width: int) -> Tensor:
    """Positions as waves, [places, width], width even: sin and cos of place / 10000^(2i / width) in turn.

    Source: Vaswani et al. 2017, section 3.5. The product of two rows depends on the distance of their places alone.
    """
    speed = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angle = torch.arange(places)[:, None] * speed
    return torch.stack((angle.sin(), angle.cos()), 2).flatten(1)


@final
class Block(nn.Module):
    """Attention, then a network of two layers on each place, both added to their input: [N, L, width] -> the same.

    Norms come first (Xiong et al. 2020, arXiv:2002.04745), as in GPT-2 and ViT.
    """

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0, rotary: bool = False) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout=dropout, rotary=rotary)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, input: Tensor, *, causal: bool = False, mask: Tensor | None = None, cache: Cache | None = None
    ) -> Tensor:
        """causal, mask, cache: see `Attention`."""
        gathered = self.attention(self.attention_norm(input), causal=causal, mask=mask, cache=cache)
        hidden = input + self.dropout(gathered)
        output: Tensor = hidden + self.dropout(self.mlp(self.mlp_norm(hidden)))
        return output
