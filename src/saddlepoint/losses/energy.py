"""Boltzmann machines with two layers of units that are 0 or 1: energies, Gibbs steps, gradients, partition functions.

E(v, h) = -b v - c h - v W h, p(v, h) = exp(-E) / Z. A deep Boltzmann machine of two hidden layers is such a machine
too: its first hidden layer on one side, the visible and the second hidden layer together on the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ShapeError

Uniform = Callable[[int, int], Tensor]
"""(rows, units) -> U[0, 1) [rows, units]; `draw.uniform` of a training step is one"""
ENUMERABLE = 20
"""units of the smaller layer up to which a sum over all its states is made: a million states"""


class Machine(NamedTuple):
    """The parameters of a restricted Boltzmann machine with V visible and H hidden units."""

    weight: Tensor
    """[V, H]"""
    visible_bias: Tensor
    """[V]"""
    hidden_bias: Tensor
    """[H]"""

    def turned(self) -> Machine:
        """The same machine with its layers exchanged."""
        return Machine(self.weight.T, self.hidden_bias, self.visible_bias)

    def double(self) -> Machine:
        """The same in float64, without gradients."""
        return Machine(*(each.detach().double() for each in self))


def hidden_probability(machine: Machine, visible: Tensor) -> Tensor:
    """p(h = 1 | v).  [N, V] -> [N, H]"""
    return torch.sigmoid(visible @ machine.weight + machine.hidden_bias)


def visible_probability(machine: Machine, hidden: Tensor) -> Tensor:
    """p(v = 1 | h).  [N, H] -> [N, V]"""
    return torch.sigmoid(hidden @ machine.weight.T + machine.visible_bias)


def energy(machine: Machine, visible: Tensor, hidden: Tensor) -> Tensor:
    """E(v, h) = -b v - c h - v W h.  [N, V], [N, H] -> [N]

    The difference of two means of it has the gradient of contrastive divergence for states or probabilities of any kind
    of unit, Gaussian ones of variance 1 as well, whose squares have no parameters: Hinton 2010, "A practical guide to
    training restricted Boltzmann machines", section 2.
    """
    biases = visible @ machine.visible_bias + hidden @ machine.hidden_bias
    return -biases - ((visible @ machine.weight) * hidden).sum(1)


def free_energy(machine: Machine, visible: Tensor) -> Tensor:
    """F(v) = -b v - sum softplus(c + v W), so that p(v) = exp(-F(v)) / Z.  [N, V] -> [N]"""
    return -(visible @ machine.visible_bias) - F.softplus(visible @ machine.weight + machine.hidden_bias).sum(1)


def gibbs(machine: Machine, visible: Tensor, steps: int, uniform: Uniform) -> Tensor:
    """Visible states after `steps` times hidden given visible, visible given hidden.  [N, V] of 0 and 1, no gradient"""
    with torch.no_grad():
        for _ in range(steps):
            hidden = bernoulli_states(hidden_probability(machine, visible), uniform)
            visible = bernoulli_states(visible_probability(machine, hidden), uniform)
    return visible


def bernoulli_states(probability: Tensor, uniform: Uniform) -> Tensor:
    """0 or 1 with these probabilities.  [N, U], no gradient"""
    return (uniform(*probability.shape) < probability.detach()).to(probability.dtype)


def uniform_from(stream: torch.Generator) -> Uniform:
    """Random numbers of a generator, on its device."""
    return lambda rows, units: torch.rand(rows, units, generator=stream, device=stream.device)


def uniform_on(device: torch.device) -> Uniform:
    """Random numbers of torch's global generator."""
    return lambda rows, units: torch.rand(rows, units, device=device)


def contrastive_loss(machine: Machine, data: Tensor, chain: Tensor) -> Tensor:
    """mean F(data) - mean F(chain): a scalar whose gradient is that of contrastive divergence, and no likelihood.

    data: [N, V] of 0 and 1. chain: [M, V], where Gibbs steps ended: from the data (CD-k) or from the chain's last end
    (PCD); it is a constant. With a chain in equilibrium the gradient is that of -mean log p(data).
    Source: Hinton 2002, doi:10.1162/089976602760128018; Tieleman 2008, doi:10.1145/1390156.1390290.
    """
    return free_energy(machine, data).mean() - free_energy(machine, chain.detach()).mean()


def pseudo_likelihood(machine: Machine, visible: Tensor) -> Tensor:
    """sum_i log p(v_i | all other v), in nats: what can be watched where Z is not known.  [N, V] -> [N]

    Source: Besag 1975, doi:10.2307/2987782. It is no bound of the likelihood.
    """
    terms = [unit_pseudo_likelihood(machine, visible, unit) for unit in range(visible.shape[1])]
    return torch.stack(terms, 1).sum(1)


def unit_pseudo_likelihood(machine: Machine, visible: Tensor, unit: int) -> Tensor:
    """log p(v_i | all other v) of one unit, in nats.  [N, V] -> [N]"""
    flipped = visible.clone()
    flipped[:, unit] = 1 - flipped[:, unit]
    return F.logsigmoid(free_energy(machine, flipped) - free_energy(machine, visible))


def binary_states(units: int, start: int = 0, stop: int | None = None) -> Tensor:
    """The states number `start` to `stop` of so many units, in binary, float64.  [stop - start, units]"""
    numbers = torch.arange(start, 2**units if stop is None else stop)
    return (numbers.unsqueeze(1) >> torch.arange(units - 1, -1, -1)).bitwise_and(1).double()


def log_partition(machine: Machine) -> Tensor:
    """log Z in nats, exactly: the sum over all states of the smaller layer, in float64.  []

    Raises ShapeError where that layer has more than 20 units; `annealed_log_partition` estimates it then.
    """
    machine = machine.double()
    if machine.weight.shape[0] > machine.weight.shape[1]:
        machine = machine.turned()
    units = machine.weight.shape[0]
    if units > ENUMERABLE:
        raise ShapeError(
            f"the smaller layer has {units} units, too many to go through all of its states; {ENUMERABLE} at most, or"
            " estimate the partition function by annealing."
        )
    parts = []
    for start in range(0, 2**units, 2**14):
        states = binary_states(units, start, min(2**units, start + 2**14)).to(machine.weight.device)
        parts.append((-free_energy(machine, states)).logsumexp(0))
    return torch.stack(parts).logsumexp(0)


@dataclass(frozen=True)
class Estimate:
    """An estimate of log Z in nats by independent runs.

    value: log of the mean weight. error: its standard error, by the spread of the weights.
    """

    value: float
    error: float


def annealed_log_partition(
    machine: Machine, betas: Tensor, runs: int, uniform: Uniform, base_bias: Tensor | None = None
) -> Estimate:
    """log Z by annealed importance sampling: from units that are independent to the machine, in steps `betas`.

    betas: increasing from 0 to 1. runs: independent ones. base_bias: [V], the logits of the visible units that are
    independent, such as those of their means in the data; None for even chances.
    exp(value) is unbiased; the value itself tends to be too small, and log-likelihoods from it too large.
    Source: Salakhutdinov & Murray 2008, doi:10.1145/1390156.1390266, section 4.2; Neal 2001, arXiv:physics/9803008.
    """
    if betas[0] != 0 or betas[-1] != 1 or bool((betas.diff() <= 0).any()):
        raise ShapeError("betas must rise from 0 to 1.")
    machine = machine.double()
    visible_units, hidden_units = machine.weight.shape
    base = torch.zeros_like(machine.visible_bias) if base_bias is None else base_bias.detach().to(machine.weight)

    def between(beta: Tensor) -> Machine:
        bias = (1 - beta) * base + beta * machine.visible_bias
        return Machine(beta * machine.weight, bias, beta * machine.hidden_bias)

    visible = bernoulli_states(torch.sigmoid(base).expand(runs, visible_units), uniform)
    log_weight = torch.zeros_like(visible[:, 0])
    for before, beta in itertools.pairwise(betas):
        here = between(beta)
        log_weight += free_energy(between(before), visible) - free_energy(here, visible)
        visible = gibbs(here, visible, 1, uniform)
    # At beta 0 every hidden unit is 0 or 1 alike.
    log_base = F.softplus(base).sum() + hidden_units * torch.log(torch.tensor(2.0, dtype=base.dtype))
    value = log_base + log_weight.logsumexp(0) - torch.log(torch.tensor(float(runs), dtype=base.dtype))
    relative = (log_weight - log_weight.max()).exp()
    error = relative.std() / (relative.mean() * runs**0.5)
    return Estimate(value.item(), error.item())


def annealing_steps(steps: int) -> Tensor:
    """`steps` + 1 numbers from 0 to 1, float64, the denser the nearer to 1.

    14,500 are those of the published code: .001 apart up to .5, .0001 up to .9, .00001 up to 1; others in proportion.
    """
    if steps < 3:
        return torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    first, second = max(1, round(steps * 500 / 14_500)), max(1, round(steps * 4_000 / 14_500))
    last = max(1, steps - first - second)
    parts = (
        torch.linspace(0, 0.5, first + 1, dtype=torch.float64)[:-1],
        torch.linspace(0.5, 0.9, second + 1, dtype=torch.float64)[:-1],
        torch.linspace(0.9, 1, last + 1, dtype=torch.float64),
    )
    return torch.cat(parts)
