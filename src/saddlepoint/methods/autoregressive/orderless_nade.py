"""Orderless NADE: one network for all orders of the numbers. Uria, Murray & Larochelle 2014, arXiv:1310.1757.

Training shows a random part of each image and asks for all of the rest: with d of D numbers shown, the cross-entropy of
the others counts D / (D - d) times, so that its mean is the negative log-likelihood, averaged over all orders (eq. 12).
Zeros that are shown differ from numbers that are hidden by a mask beside the image. What is known of an image may be
anywhere, since an order may begin with it: from a hole in the middle to every second pixel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.keyed import generator
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.sampled import Sampled, Steps, two_levels
from saddlepoint.nn.layers.initialisation import initialise


@final
class HiddenFiller(nn.Module):
    """Numbers [N, D] from 0 to 1, and which of them are shown [N, D] -> logits of white, [N, D], by ReLU layers."""

    classes = 0

    def __init__(self, shape: tuple[int, int, int], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.shape, numbers = shape, math.prod(shape)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise((2 * numbers, *widths, numbers)))

    def forward(self, numbers: Tensor, shown: Tensor) -> Tensor:
        x = torch.cat([numbers * shown, shown.to(numbers.dtype)], 1)
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        logits: Tensor = self.layers[-1](x)
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class OrderlessNADE(Sampled):
    """A deep NADE of black and white images that completes them from any part."""

    levels = 2
    defaults = {"batch": 100}

    widths: tuple[Width, ...] = (500, 500)
    """units of the hidden layers"""
    orders: Count = 1
    """orders by chance whose probabilities are averaged for the likelihood; each costs a pass for each number"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        network = HiddenFiller(data.image().shape, self.widths)
        initialise(network, "he")
        return Networks(network=network)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.on_levels(draw().image, draw)
        count = image[0].numel()
        ranks = draw.uniform(len(image), count).argsort(1).argsort(1)
        shown = ranks < (draw.uniform(len(image)) * count).long()[:, None]
        nats = hidden_nats(nets.network, image, shown).mean()
        yield Update("network", {"nats": nats}, watch={"bits_per_dim": nats.detach() / (math.log(2) * count)})

    def log_probability(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Tensor:
        """That of the mean of the probabilities under all `orders`."""
        numbers, each = (image.flatten(1) + 1) / 2, []
        for order in _orders(self.orders, numbers.shape[1]):
            shown, total = torch.zeros_like(numbers, dtype=torch.bool), torch.zeros_like(numbers[:, 0])
            for index in order.tolist():
                logit = nets.get_submodule("network")(numbers, shown)[:, index]
                total = total - F.binary_cross_entropy_with_logits(logit, numbers[:, index], reduction="none")
                shown = shown.clone()
                shown[:, index] = True
            each.append(total)
        return torch.stack(each).logsumexp(0) - math.log(self.orders)

    def steps(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Steps:
        """In the first of the orders."""
        order = _orders(1, image[0].numel())[0].to(image.device)
        return self._steps(nets, order.expand(len(image), -1), image, label)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """As for all of this family, but what is known of an image comes first in the order, wherever it is."""
        _, kept = self.known(latents, how)
        order = _orders(1, latents[0].numel())[0].to(latents.device).expand(len(latents), -1)
        if kept is not None:
            later = (~kept).gather(1, order).long().argsort(dim=1, stable=True)
            order = order.gather(1, later)
        return self.drawn(nets, latents, how, partial(self._steps, nets, order))

    def _steps(self, nets: nn.Module, order: Tensor, image: Tensor, label: Tensor | None) -> Steps:
        """order: [N, D], of each image its own."""
        network, shown = nets.get_submodule("network"), torch.zeros_like(order, dtype=torch.bool)
        for place in order.unbind(1):
            logits = network((image.flatten(1) + 1) / 2, shown).gather(1, place[:, None]).squeeze(1)
            yield place, two_levels(logits)
            shown.scatter_(1, place[:, None], True)


def hidden_nats(network: nn.Module, image: Tensor, shown: Tensor) -> Tensor:
    """The cross-entropy of what is hidden, as if of all numbers, in nats: [N].

    image: [N, C, H, W], -1 or 1. shown: bool [N, D], with a number at least that is not.
    """
    numbers = (image.flatten(1) + 1) / 2
    terms = F.binary_cross_entropy_with_logits(network(numbers, shown), numbers, reduction="none")
    nats: Tensor = (terms * ~shown).sum(1) * shown.shape[1] / (~shown).sum(1)
    return nats


def _orders(count: int, numbers: int) -> list[Tensor]:
    """Orders by chance, a function of their number and length alone.  [numbers] each"""
    return [torch.randperm(numbers, generator=generator("orders", numbers, number)) for number in range(count)]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {  # github.com/MarcCote/NADE, run_orderless_nade_binary.sh: momentum .9 there
        "resolution": 28,
        "widths": (500, 500),
        "lr": 1e-3,
        "batch": 100,
        "images": 2_000_000,
    },
}

PROOF = Proof(
    claim="One network for all orders finds held-out silhouettes likelier, in an order by chance, than a mixture of 100"
    " Bernoullis does.",
    data="world:silhouettes",
    measure="exact-nats",
    difference=2.0,
    settings={"images": 300_000, "held_out": 0.1, "widths": (300, 300)},
)
