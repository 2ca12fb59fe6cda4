"""DBM: a Boltzmann machine of pixels and two hidden layers. Salakhutdinov & Hinton 2012, doi:10.1162/NECO_a_00311.

Neighbouring layers alone are joined, so given the middle layer h the pixels v and the top layer t are independent: it
is a restricted machine between h and (v, t), and is kept as one. What the data says of the hidden layers is found by
mean field, what the model says by persistent chains. All layers are learned at once, without the pretraining of the
paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.keyed import generator
from saddlepoint.losses.energy import (
    ENUMERABLE,
    Machine,
    Uniform,
    annealed_log_partition,
    annealing_steps,
    bernoulli_states,
    binary_states,
    energy,
    free_energy,
    gibbs,
    hidden_probability,
    log_partition,
    uniform_from,
    uniform_on,
)
from saddlepoint.methods.base import SGD, Clock, Draw, Linear, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.chained import Chained, log_odds
from saddlepoint.nn.layers.number import Number

RUNS = 100
"""of annealed importance sampling"""
SUMMED = 16
"""middle units up to which log p(v) is summed over all of their states; more have a bound"""
_STATES = 4096
"""of the middle layer at once"""


@final
class Deep(nn.Module):
    """The parameters of a restricted machine between the middle layer [M] and pixels and top layer together [V + T]."""

    def __init__(self, shape: tuple[int, ...], middle: int, top: int) -> None:
        super().__init__()
        self.shape, self.visible = shape, math.prod(shape)
        self.weight = nn.Parameter(0.1 * torch.randn(middle, self.visible + top))
        self.middle_bias = nn.Parameter(torch.zeros(middle))
        self.outer_bias = nn.Parameter(torch.zeros(self.visible + top))

    def machine(self) -> Machine:
        """For the functions of `losses.energy`; the middle layer is its visible one."""
        return Machine(self.weight, self.middle_bias, self.outer_bias)

    def mean_field(self, pixels: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Probabilities of the middle and of the top units, as if independent, given the pixels.  [N, M], [N, T]

        The fixed point of each layer given the other, from even chances, nearest to p(h, t | v) among those that can be
        reached by such steps. No gradient.
        """
        with torch.no_grad():
            below, above = self.weight[:, : self.visible], self.weight[:, self.visible :]
            from_pixels = pixels @ below.T + self.middle_bias
            top = pixels.new_full((len(pixels), above.shape[1]), 0.5)
            for _ in range(steps):
                middle = torch.sigmoid(from_pixels + top @ above.T)
                top = torch.sigmoid(middle @ above + self.outer_bias[self.visible :])
        return middle, top


@final
@dataclass(frozen=True, kw_only=True)
class DBM(Chained):
    """A deep Boltzmann machine of black and white pixels with two hidden layers."""

    holder: ClassVar[str] = "machine"
    pixels_as: ClassVar[Literal["binary"]] = "binary"
    inexact: ClassVar[Literal["estimate"]] = "estimate"
    defaults = {"batch": 100}

    widths: tuple[Width, Width] = (512, 1024)
    """units of the middle and of the top layer"""
    mean_field: Count = 10
    """mean-field steps for what the data says of the hidden layers"""
    steps: Count = 1
    """Gibbs steps of the persistent chains for each update"""
    particles: Count = 100
    """persistent chains"""
    momentum: Decay = 0.5
    """of the descent"""
    decay: Weight = 2e-4
    """weight of half the squares of the weights (not of the biases)"""
    lr: Positive = 2e-3
    """learning rate (stochastic gradient descent); it falls in a line to 0"""

    def networks(self, data: DataSpec) -> Networks:
        shape, (middle, top) = data.image().shape, self.widths
        return Networks(machine=Deep(shape, middle, top), chains=Number(torch.zeros(self.particles, middle)))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"machine": SGD("machine", lr=Linear(self.lr), momentum=self.momentum)}

    def prepare(self, nets: Networks, look: Callable[[int], Any]) -> None:
        """Sets the biases of the pixels so that each has its mean, and begins the chains by even chances."""
        nets.machine.outer_bias[: nets.machine.visible] = log_odds(look)
        nets.chains.value.copy_(torch.bernoulli(torch.full_like(nets.chains.value, 0.5)))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pixels, machine = self.binary(draw().image, draw), nets.machine.machine()
        middle, top = nets.machine.mean_field(pixels, self.mean_field)
        # Given the middle layer the rest is summed out of the model's side: a smaller variance, the same mean.
        model = free_energy(machine, nets.chains.value).mean()
        difference = energy(machine, middle, torch.cat((pixels, top), 1)).mean() - model
        decay = self.decay / 2 * machine.weight.square().sum()
        watch = {"middle_on": middle.mean(), "top_on": top.mean()}
        yield Update("machine", {"difference": difference, "decay": decay}, watch=watch)

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        chains = nets.chains.value
        chains.copy_(gibbs(nets.machine.machine(), chains, self.steps, uniform_on(chains.device)))

    # -- what a trained one can do ------------------------------------------------------------------------------------

    @property
    def exact(self) -> bool:
        """Whether log p(v) is summed exactly, with 16 middle units or fewer; else it is a bound, by mean field."""
        return self.widths[0] <= SUMMED

    def chain(self, nets: nn.Module, pixels: Tensor, steps: int, uniform: Uniform, temperature: float) -> Tensor:
        """The chain begins with the middle layer that mean field makes of the pixels."""
        network = _network(nets)
        machine = Machine(*(each / temperature for each in network.machine()))
        middle = bernoulli_states(network.mean_field(pixels, self.mean_field)[0], uniform)
        middle = gibbs(machine, middle, steps - 1, uniform)
        return bernoulli_states(hidden_probability(machine, middle), uniform)[:, : network.visible]

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """log p(v) in nats, [n]: exact with 16 middle units or fewer, else the mean-field bound (`bound`).

        log Z is exact with 20 middle units or fewer; else it is estimated by annealed importance sampling with 100 runs
        over `samples` distributions, which tends to find it too small. Raises CapabilityError for grey pixels.
        """
        pixels, log_z = self.states(images).double(), self.log_z(nets, samples, seed)
        if not self.exact:
            return self.bound(nets, pixels, log_z).float()
        machine, visible = _network(nets).machine().double(), _network(nets).visible
        parts = []
        for start in range(0, 2 ** len(machine.visible_bias), _STATES):
            states = binary_states(len(machine.visible_bias), start, start + _STATES)[: 2 ** len(machine.visible_bias)]
            states = states.to(pixels.device)
            outer = states @ machine.weight + machine.hidden_bias  # [states, V + T]
            rest = states @ machine.visible_bias + F.softplus(outer[:, visible:]).sum(1)
            parts.append((pixels @ outer[:, :visible].T + rest).logsumexp(1))
        return (torch.stack(parts, 1).logsumexp(1) - log_z).float()

    def bound(self, nets: nn.Module, pixels: Tensor, log_z: float) -> Tensor:
        """-E(v, h, t) under mean field + its entropy - log Z: a lower bound of log p(v), in nats.  [N, V] -> [N]"""
        network = _network(nets)
        middle, top = (each.to(pixels.dtype) for each in network.mean_field(pixels.float(), 50))
        machine = Machine(*(each.detach().to(pixels.dtype) for each in network.machine()))
        both = torch.cat((middle, top), 1)
        entropy = (torch.special.entr(both) + torch.special.entr(1 - both)).sum(1)
        bound: Tensor = entropy - energy(machine, middle, torch.cat((pixels, top), 1)) - log_z
        return bound

    def log_z(self, nets: nn.Module, samples: int, seed: int) -> float:
        """log Z in nats, as `log_likelihood` says."""
        machine = _network(nets).machine()
        if min(machine.weight.shape) <= ENUMERABLE:
            return log_partition(machine).item()
        stream = generator(seed, "annealing", device=machine.weight.device)
        return annealed_log_partition(machine, annealing_steps(samples), RUNS, uniform_from(stream)).value


def _network(nets: nn.Module) -> Deep:
    network = nets.get_submodule("machine")
    assert isinstance(network, Deep)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {"resolution": 28, "widths": (512, 1024), "particles": 100},  # dbm_mnist.py, without its pretraining
    "small": {"widths": (100, 50), "lr": 0.02},  # for a processor
}

PROOF = Proof(
    claim="A DBM finds bars and stripes likelier than a mixture of Bernoullis with as many numbers does.",
    data="world:bars4",
    measure="finite-law",
    difference=1.3,
    settings={
        "images": 200_000,
        "batch": 100,
        "widths": (12, 8),
        "steps": 5,
        "decay": 0.0,
        "lr": 0.1,
        "walk": 100,
    },
)
