"""MADE: an autoencoder whose masks keep each output from seeing its own input. Germain et al. 2015, arXiv:1502.03509.

Each number has a place in an order, and each hidden unit a degree: it sees the inputs up to that place, and the outputs
behind it see the unit (eq. 8 and 9). Several sets of degrees may take turns in training; the likelihood is then the
mean of their probabilities, not of their logits (section 4.3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.keyed import generator
from saddlepoint.losses.likelihood import bernoulli
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Networks, Optim, Proof
from saddlepoint.methods.families.sampled import Sampled, Steps, two_levels
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.masked import MaskedLinear, not_later

Order = Literal["reading", "random"]


@final
class MaskedAutoencoder(nn.Module):
    """[N, C, H, W] in [-1, 1] -> logits of white, the same shape, through ReLU layers of `widths` units.

    sets: how many sets of degrees there are; set k is a function of k and the sizes alone, and its order is the reading
    order or drawn by chance. direct: weights from the inputs to the outputs beside the layers.
    """

    classes = 0

    def __init__(
        self, shape: tuple[int, int, int], widths: tuple[int, ...], sets: int, order: Order, direct: bool
    ) -> None:
        super().__init__()
        self.shape, self.sets, numbers = shape, sets, math.prod(shape)
        sizes = (numbers, *widths)
        self.hidden = nn.ModuleList(MaskedLinear(*pair) for pair in pairwise(sizes))
        self.output = MaskedLinear(sizes[-1], numbers)
        self.direct = MaskedLinear(numbers, numbers, bias=False) if direct else None
        for number in range(sets):
            for layer, degrees in enumerate(_degrees(numbers, widths, order, number)):
                self.register_buffer(f"degrees_{number}_{layer}", degrees, persistent=False)

    def degrees(self, number: int) -> list[Tensor]:
        """Of a set: the place of each input in the order, from 0, then the degrees of the hidden units by layer."""
        return [getattr(self, f"degrees_{number}_{layer}") for layer in range(len(self.hidden) + 1)]

    def forward(self, image: Tensor, number: int = 0) -> Tensor:
        hidden, inputs = self.features(image, number)
        degrees = self.degrees(number)
        logits: Tensor = self.output(hidden, not_later(degrees[-1], degrees[0], strictly=True))
        if self.direct is not None:
            logits = logits + self.direct(inputs, not_later(degrees[0], degrees[0], strictly=True))
        return logits.view_as(image)

    def features(self, image: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """The last hidden layer [N, units] and the inputs [N, numbers] from 0 to 1."""
        inputs = x = (image.flatten(1) + 1) / 2
        degrees = self.degrees(number)
        for layer, before, here in zip(self.hidden, degrees, degrees[1:]):
            x = F.relu(layer(x, not_later(before, here)))
        return x, inputs

    def one_logit(self, image: Tensor, number: int, index: int) -> Tensor:
        """The logit of one number of the image, [N], without working out the others."""
        hidden, inputs = self.features(image, number)
        degrees = self.degrees(number)
        place = degrees[0][index]
        logit: Tensor = hidden @ (self.output.weight[index] * (degrees[-1] < place)) + self.output.bias[index]
        if self.direct is not None:
            logit = logit + inputs @ (self.direct.weight[index] * (degrees[0] < place))
        return logit


def _degrees(numbers: int, widths: tuple[int, ...], order: Order, number: int) -> list[Tensor]:
    """Places of the inputs, and degrees of each hidden layer from the least of the layer before on, drawn by chance."""
    stream = generator("MADE", numbers, *widths, number)
    places = torch.randperm(numbers, generator=stream) if order == "random" else torch.arange(numbers)
    degrees, least = [places], 0
    for width in widths:
        drawn = torch.randint(least, max(numbers - 1, least + 1), (width,), generator=stream)
        degrees.append(drawn)
        least = int(drawn.min())
    return degrees


@final
@dataclass(frozen=True, kw_only=True)
class MADE(Sampled):
    """A masked autoencoder for black and white images, or an ensemble of them that share their weights."""

    levels = 2
    defaults = {"batch": 100}

    widths: tuple[Width, ...] = (500,)
    """units of the hidden layers"""
    masks: Count = 1
    """sets of degrees that take turns in training; the likelihood is the mean of their probabilities"""
    order: Order = "reading"
    """order of the numbers: reading order, or another by chance for each set of degrees"""
    direct: bool = False
    """whether outputs also see the inputs before them without a layer between"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        network = MaskedAutoencoder(data.image().shape, self.widths, self.masks, self.order, self.direct)
        initialise(network, "orthogonal")
        return Networks(network=network)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}

    def objective(self, nets: nn.Module, image: Tensor, label: Tensor | None, clock: Clock) -> Tensor:
        """The log-probability under the set of degrees whose turn it is."""
        return bernoulli(image, nets.get_submodule("network")(image, clock.step % self.masks))

    def log_probability(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Tensor:
        """That of the mean of the probabilities under all sets of degrees."""
        network = nets.get_submodule("network")
        each = [bernoulli(image, network(image, number)) for number in range(self.masks)]
        return torch.stack(each).logsumexp(0) - math.log(self.masks)

    def steps(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Steps:
        """In the order of the first set of degrees."""
        return self._steps(nets, 0, image, label)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """As for all of this family. The first number of a latent also picks its set of degrees, so that images come
        from the mean of the probabilities."""
        images, rest = torch.empty_like(latents), latents.clone()
        spread = latents.flatten(1)[:, 0] * self.masks
        picked = spread.long().clamp(max=self.masks - 1)
        rest.flatten(1)[:, 0] = spread - picked
        for number in range(self.masks):
            rows = (picked == number).nonzero().squeeze(1)
            if len(rows):
                images[rows] = self.drawn(nets, rest[rows], how.rows(rows), partial(self._steps, nets, number))
        return images

    def _steps(self, nets: nn.Module, number: int, image: Tensor, label: Tensor | None) -> Steps:
        network: Any = nets.get_submodule("network")
        for index in network.degrees(number)[0].argsort().tolist():
            yield index, two_levels(network.one_logit(image, number, index))


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {  # github.com/mgermain/MADE, README and trainMADE.py; binary MNIST
        "resolution": 28,
        "widths": (8000, 8000),
        "masks": 32,
        "order": "random",  # one order for all sets there
        "lr": 1e-3,  # Adagrad at .01 there
        "batch": 100,
    },
    "small": {"widths": (500,), "direct": True, "lr": 2e-3},
}

PROOF = Proof(
    claim="MADE finds held-out silhouettes likelier than a mixture of 100 Bernoullis does.",
    data="world:silhouettes",
    measure="exact-nats",
    difference=6.0,
    settings={"images": 100_000, "held_out": 0.1, "direct": True, "lr": 5e-3},
)
