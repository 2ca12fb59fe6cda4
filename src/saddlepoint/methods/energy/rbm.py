"""RBM: pixels and hidden units that prefer to agree, learned by contrastive divergence. Hinton 2002,
doi:10.1162/089976602760128018; persistent chains: Tieleman 2008, doi:10.1145/1390156.1390290.

Paper  here
v, h   pixels and hidden units, 0 or 1
b, c   their biases; W their weights
F(v)   free energy: p(v) = exp(-F(v)) / Z
The loss is the difference of free energies whose gradient is the wanted one. It is no likelihood and may go either way;
`pseudo_likelihood` is watched instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.keyed import generator
from saddlepoint.losses.energy import (
    ENUMERABLE,
    Machine,
    Uniform,
    annealed_log_partition,
    annealing_steps,
    contrastive_loss,
    free_energy,
    gibbs,
    log_partition,
    uniform_from,
    uniform_on,
    unit_pseudo_likelihood,
)
from saddlepoint.methods.base import SGD, Clock, Draw, Linear, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.chained import Chained, log_odds
from saddlepoint.nn.layers.number import Number

RUNS = 100
"""of annealed importance sampling"""


@final
class Restricted(nn.Module):
    """The parameters of a restricted Boltzmann machine over images of a shape, and the logits of the pixels' means."""

    means: Tensor

    def __init__(self, shape: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.shape, visible = shape, math.prod(shape)
        self.weight = nn.Parameter(0.01 * torch.randn(visible, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.register_buffer("means", torch.zeros(visible))

    def machine(self) -> Machine:
        """For the functions of `losses.energy`."""
        return Machine(self.weight, self.visible_bias, self.hidden_bias)


@final
@dataclass(frozen=True, kw_only=True)
class RBM(Chained):
    """A restricted Boltzmann machine of black and white pixels."""

    holder: ClassVar[str] = "machine"
    pixels_as: ClassVar[Literal["binary"]] = "binary"
    inexact: ClassVar[Literal["estimate"]] = "estimate"
    defaults = {"batch": 20}

    hidden: Width = 500
    """hidden units"""
    negative: Literal["persistent", "data"] = "persistent"
    """where the chains of the negative phase begin: where they ended in the last step (PCD), or at the data (CD)"""
    steps: Count = 1
    """Gibbs steps of them for each update (k)"""
    particles: Count = 100
    """persistent chains"""
    momentum: Decay = 0.5
    """of the descent"""
    decay: Weight = 2e-4
    """weight of half the squares of the weights (not of the biases)"""
    lr: Positive = 0.1
    """learning rate (stochastic gradient descent); it falls in a line to 0"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        chains = torch.zeros(self.particles if self.negative == "persistent" else 1, math.prod(shape))
        return Networks(machine=Restricted(shape, self.hidden), chains=Number(chains))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"machine": SGD("machine", lr=Linear(self.lr), momentum=self.momentum)}

    def prepare(self, nets: Networks, look: Callable[[int], Any]) -> None:
        """Sets the biases of the pixels so that each has its mean, and begins the chains there."""
        means = log_odds(look)
        nets.machine.means.copy_(means)
        nets.machine.visible_bias.copy_(means)
        chance = torch.sigmoid(means).expand(len(nets.chains.value), -1)
        nets.chains.value.copy_(torch.bernoulli(chance))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        machine, pixels = nets.machine.machine(), self.binary(draw().image, draw)
        chain = nets.chains.value if self.negative == "persistent" else gibbs(machine, pixels, self.steps, draw.uniform)
        decay = self.decay / 2 * machine.weight.square().sum()
        watched = unit_pseudo_likelihood(machine, pixels, clock.step % pixels.shape[1]).detach().mean()
        yield Update(
            "machine",
            {"difference": contrastive_loss(machine, pixels, chain), "decay": decay},
            watch={"pseudo_likelihood": watched * pixels.shape[1]},
        )

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        if self.negative == "persistent":
            chains = nets.chains.value
            chains.copy_(gibbs(nets.machine.machine(), chains, self.steps, uniform_on(chains.device)))

    # -- what a trained one can do ------------------------------------------------------------------------------------

    @property
    def exact(self) -> bool:
        """Whether the partition function is summed exactly: with 20 hidden units or fewer. Else it is estimated."""
        return self.hidden <= ENUMERABLE

    def chain(self, nets: nn.Module, pixels: Tensor, steps: int, uniform: Uniform, temperature: float) -> Tensor:
        machine = Machine(*(each / temperature for each in _machine(nets)))
        return gibbs(machine, pixels, steps, uniform)

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """log p(v) = -F(v) - log Z in nats, [n]: exact with 20 hidden units or fewer.

        Else log Z is estimated by annealed importance sampling with 100 runs over `samples` distributions, which tends
        to find it too small, and the likelihood too large. Raises CapabilityError for grey pixels.
        """
        pixels = self.states(images)
        machine = _machine(nets)
        return (-free_energy(machine.double(), pixels.double()) - self.log_z(nets, samples, seed)).float()

    def log_z(self, nets: nn.Module, samples: int, seed: int) -> float:
        """log Z in nats, as `log_likelihood` says."""
        machine = _machine(nets)
        if min(machine.weight.shape) <= ENUMERABLE:
            return log_partition(machine).item()
        stream = generator(seed, "annealing", device=machine.weight.device)
        base = nets.get_submodule("machine").get_buffer("means")
        return annealed_log_partition(machine, annealing_steps(samples), RUNS, uniform_from(stream), base).value


def _machine(nets: nn.Module) -> Machine:
    network = nets.get_submodule("machine")
    assert isinstance(network, Restricted)
    return network.machine()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {  # deeplearning.net, code/rbm.py; the rate is constant there
        "resolution": 28,
        "hidden": 500,
        "steps": 15,
        "particles": 20,
        "momentum": 0.0,
        "decay": 0.0,
        "batch": 20,
    },
    "small": {"hidden": 100},  # for a processor
}

PROOF = Proof(
    claim="An RBM learned with persistent chains finds bars and stripes likelier than a mixture of Bernoullis with as"
    " many numbers does.",
    data="world:bars4",
    measure="finite-law",
    difference=1.5,
    settings={"images": 300_000, "batch": 100, "hidden": 16, "steps": 5, "decay": 0.0, "walk": 100},
)
