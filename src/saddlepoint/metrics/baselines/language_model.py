"""A network of texts that learns by likelihood alone: what a game over texts must beat."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.keyed import numpy_generator


def likelihood_model(method: Any, spec: DataSpec, texts: Tensor, *, examples: int, batch: int, seed: int) -> nn.Module:
    """New networks of a sequential method whose `network` has learnt by Adam at the method's own rate, in eval mode.

    texts: [N, L] int64, of which batches are drawn. examples: how many are shown.
    """
    torch.manual_seed(seed)
    nets: nn.Module = method.networks(spec)
    network = nets.get_submodule("network").train()
    optimiser = torch.optim.Adam(network.parameters(), lr=method.lr)
    draw = numpy_generator(seed, "likelihood alone")
    for _ in range(max(1, examples // batch)):
        rows = texts[torch.from_numpy(draw.integers(0, len(texts), batch))]
        loss = -method.log_probabilities(nets, rows, {}).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), method.clip)
        optimiser.step()
    return nets.eval().requires_grad_(False)
