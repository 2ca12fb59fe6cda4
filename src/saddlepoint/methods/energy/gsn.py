"""GSN: learns one step of a Markov chain, by mending what it has damaged. Bengio et al. 2014, arXiv:1306.1091.

Pixels are damaged, hidden layers are made of them, and a network says what each pixel was. Where it says so exactly,
the chain of damaging, saying and drawing settles in the distribution of the data. Walkback goes on from its own draws
for some steps, and still asks for the image it began with, so that the chain finds back from where it strays: Bengio et
al. 2013, arXiv:1305.6663, algorithm 1. No likelihood is known but of the tiniest images; Parzen windows bound it
poorly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.energy import Uniform
from saddlepoint.methods.base import SGD, Clock, Draw, Linear, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.chained import Chained, log_odds

Noise = Callable[[int, int], Tensor]
"""(rows, units) -> N(0, 1) [rows, units]"""


@final
class Mending(nn.Module):
    """Hidden layers with tied weights over images of a shape: tanh, each from its neighbours.

    deviation: of Gaussian noise before and after the activation of all hidden layers but the first.
    """

    def __init__(self, shape: tuple[int, ...], widths: tuple[int, ...], deviation: float) -> None:
        super().__init__()
        self.shape, self.deviation = shape, deviation
        sizes = (math.prod(shape), *widths)
        limits = [math.sqrt(6 / (below + above)) for below, above in pairwise(sizes)]
        self.weights = nn.ParameterList(
            (torch.rand(below, above) * 2 - 1) * limit for (below, above), limit in zip(pairwise(sizes), limits)
        )
        self.biases = nn.ParameterList(torch.zeros(size) for size in sizes)

    def rest(self, n: int) -> list[Tensor]:
        """Hidden layers before anything is seen: zeros.  [n, width] each"""
        return [bias.new_zeros(n, len(bias)) for bias in self.biases[1:]]

    def forward(self, damaged: Tensor, hidden: list[Tensor], noise: Noise) -> tuple[Tensor, list[Tensor]]:
        """One step: the logits of each pixel, [N, D], and the hidden layers.  damaged: [N, D], 0 or 1"""
        layers = [damaged, *hidden]
        for first in (1, 2):
            for number in range(first, len(layers), 2):
                layers[number] = self._layer(layers, number, noise)
        return F.linear(layers[1], self.weights[0], self.biases[0]), layers[1:]

    def _layer(self, layers: list[Tensor], number: int, noise: Noise) -> Tensor:
        total: Tensor = layers[number - 1] @ self.weights[number - 1] + self.biases[number]
        if number + 1 < len(layers):
            total = total + F.linear(layers[number + 1], self.weights[number])
        if number == 1 or not self.deviation:
            return total.tanh()
        total = total + self.deviation * noise(*total.shape)
        return total.tanh() + self.deviation * noise(*total.shape)


@final
@dataclass(frozen=True, kw_only=True)
class GSN(Chained):
    """A generative stochastic network of black and white pixels, trained with walkback."""

    holder: ClassVar[str] = "network"
    defaults = {"batch": 100}

    widths: tuple[Width, ...] = (1500, 1500)
    """units of the hidden layers"""
    corruption: Share = 0.4
    """share of pixels that are set to black or white by chance before each step"""
    deviation: Weight = 2.0
    """standard deviation of the noise before and after the activations of all hidden layers but the first"""
    walkback: Count = 4
    """steps of the chain for each image"""
    momentum: Decay = 0.5
    """of the descent"""
    lr: Positive = 0.25
    """learning rate (stochastic gradient descent); it falls in a line to 0"""

    def networks(self, data: DataSpec) -> Networks:
        return Networks(network=Mending(data.image().shape, self.widths, self.deviation))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": SGD("network", lr=Linear(self.lr), momentum=self.momentum)}

    def prepare(self, nets: Networks, look: Callable[[int], Any]) -> None:
        """Sets the biases of the pixels so that each has its mean."""
        nets.network.biases[0].copy_(log_odds(look))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        clean = self.binary(draw().image, draw)
        pixels, hidden = clean, nets.network.rest(len(clean))
        losses = {}
        for step in range(self.walkback):
            logits, hidden = nets.network(self.damaged(pixels, draw.uniform), hidden, draw.noise)
            terms = F.binary_cross_entropy_with_logits(logits, clean, reduction="none")
            losses[f"step_{step + 1}"] = terms.sum(1).mean()  # of the clean image, however far the chain has gone
            pixels = (draw.uniform(*logits.shape) < torch.sigmoid(logits.detach())).float()
        yield Update("network", losses)

    def damaged(self, pixels: Tensor, uniform: Uniform) -> Tensor:
        """Salt and pepper: some pixels black or white by chance.  [N, D] of 0 and 1"""
        chance = uniform(*pixels.shape)
        salt = (chance < self.corruption / 2).float()
        return torch.where(chance < self.corruption, salt, pixels)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def chain(self, nets: nn.Module, pixels: Tensor, steps: int, uniform: Uniform, temperature: float) -> Tensor:
        network = nets.get_submodule("network")
        assert isinstance(network, Mending)
        hidden = network.rest(len(pixels))

        def normal(n: int, units: int) -> Tensor:
            return math.sqrt(2) * torch.erfinv((2 * uniform(n, units) - 1).clamp(-1 + 1e-6, 1 - 1e-6))

        for _ in range(steps):
            logits, hidden = network(self.damaged(pixels, uniform), hidden, normal)
            pixels = (uniform(*logits.shape) < torch.sigmoid(logits / temperature)).float()
        return pixels


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {"resolution": 28, "widths": (1500, 1500), "walkback": 4, "batch": 100},  # yaoli/GSN, run_gsn.py
    "small": {"widths": (200,), "corruption": 0.2, "walkback": 2},  # for a processor
}

PROOF = Proof(
    claim="The chain of a GSN settles near the law of bars and stripes.",
    data="world:bars3",
    measure="sampled-law",
    share=0.25,
    settings={
        "images": 200_000,
        "batch": 100,
        "widths": (64,),
        "corruption": 0.05,
        "walkback": 2,
        "walk": 100,
        "lr": 0.05,
    },
)
