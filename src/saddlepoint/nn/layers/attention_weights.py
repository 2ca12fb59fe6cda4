"""The weights of attention, which the fused call does not give: each layer's are computed again from what it was given.

Rollout, what reaches each place over all layers: Abnar & Zuidema 2020, arXiv:2005.00928, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.attention import Attention


@contextmanager
def weights_kept(network: nn.Module) -> Iterator[list[Tensor]]:
    """Within, each call of an `Attention` of the network adds its weights, [N, heads, L, M], in the order of the calls.

    Rows sum to 1. Attention with rotary positions or with a cache of earlier places is left out.
    """
    kept: list[Tensor] = []

    def keep(layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        assert isinstance(layer, Attention)
        if not layer.rotary and named.get("cache") is None:
            memory = inputs[1] if len(inputs) > 1 else named.get("memory")
            kept.append(weights(layer, inputs[0], memory, named.get("causal", False), named.get("mask")))

    handles = [
        module.register_forward_hook(keep, with_kwargs=True)
        for module in network.modules()
        if isinstance(module, Attention)
    ]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def weights(
    layer: Attention, input: Tensor, memory: Tensor | None = None, causal: bool = False, mask: Tensor | None = None
) -> Tensor:
    """How much each place of the input takes from each place of the memory, by head.  [N, heads, L, M]"""
    question = layer.question(input).unflatten(2, (layer.heads, -1)).transpose(1, 2)
    keys = layer.offer(input if memory is None else memory).chunk(2, 2)[0]
    keys = keys.unflatten(2, (layer.heads, -1)).transpose(1, 2)
    scores = question @ keys.transpose(2, 3) / question.shape[3] ** 0.5
    if causal:
        scores = scores.masked_fill(~torch.ones_like(scores, dtype=torch.bool).tril(), -torch.inf)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    shares: Tensor = scores.float().softmax(3)
    return shares


def rollout(layers: Sequence[Tensor]) -> Tensor:
    """How much of each place of the input is in each place of the last layer, where half of each layer is its input.

    layers: weights [N, heads, L, L] of each, from the first on. Returns [N, L, L], whose rows sum to 1.
    """
    total: Tensor | None = None
    for shares in layers:
        mean = shares.mean(1)
        mixed = (mean + torch.eye(mean.shape[1], device=mean.device)) / 2
        mixed = mixed / mixed.sum(2, keepdim=True)
        total = mixed if total is None else mixed @ total
    if total is None:
        raise ValueError("rollout needs the weights of one layer or more")
    return total
