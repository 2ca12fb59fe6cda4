"""Boltzmann machines: everything against the sum over all states of a small one."""

import pytest
import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.losses.energy import (
    Machine,
    Uniform,
    annealed_log_partition,
    annealing_steps,
    binary_states,
    contrastive_loss,
    energy,
    free_energy,
    gibbs,
    hidden_probability,
    log_partition,
    pseudo_likelihood,
    visible_probability,
)

VISIBLE, HIDDEN = 6, 4


def machine(scale: float = 1.0) -> Machine:
    stream = torch.Generator().manual_seed(0)
    shapes = ((VISIBLE, HIDDEN), (VISIBLE,), (HIDDEN,))
    return Machine(*(scale * torch.randn(shape, generator=stream, dtype=torch.float64) for shape in shapes))


def uniform(seed: int = 0) -> Uniform:
    stream = torch.Generator().manual_seed(seed)
    return lambda n, units: torch.rand(n, units, generator=stream, dtype=torch.float64)


def log_probabilities(rbm: Machine) -> Tensor:
    """log p(v) of all visible states, by the sum over all pairs of states.  [2^V]"""
    v, h = binary_states(VISIBLE), binary_states(HIDDEN)
    every = -energy(rbm, v.repeat_interleave(len(h), 0), h.repeat(len(v), 1)).view(len(v), len(h))
    return every.logsumexp(1) - every.flatten().logsumexp(0)


def test_free_energy_and_partition_function_are_those_of_all_pairs_of_states() -> None:
    rbm = machine()
    log_p = -free_energy(rbm, binary_states(VISIBLE)) - log_partition(rbm)
    assert torch.allclose(log_p, log_probabilities(rbm), atol=1e-12)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert log_partition(rbm.turned()).item() == pytest.approx(log_partition(rbm).item(), abs=1e-12)
    with pytest.raises(ShapeError, match="21 units"):
        log_partition(Machine(torch.zeros(21, 30), torch.zeros(21), torch.zeros(30)))


def test_conditional_probabilities_are_those_of_the_joint_one() -> None:
    rbm, v, h = machine(), binary_states(VISIBLE), binary_states(HIDDEN)
    joint = torch.stack([-energy(rbm, v, state.expand(len(v), -1)) for state in h], 1).exp()  # [2^V, 2^H]
    assert torch.allclose(hidden_probability(rbm, v), joint @ h / joint.sum(1, keepdim=True), atol=1e-12)
    assert torch.allclose(visible_probability(rbm, h), joint.T @ v / joint.sum(0).unsqueeze(1), atol=1e-12)


def test_the_gradient_of_cd_one_is_the_formula_of_statistics() -> None:
    rbm = Machine(*(each.requires_grad_() for each in machine()))
    data = binary_states(VISIBLE)[::3]
    chain = gibbs(rbm, data, 1, uniform())
    gradients = torch.autograd.grad(contrastive_loss(rbm, data, chain), list(rbm))
    p, q = hidden_probability(rbm, data), hidden_probability(rbm, chain)
    wanted = ((data.T @ p - chain.T @ q) / len(data), (data - chain).mean(0), (p - q).mean(0))
    assert all(torch.allclose(-found, right, atol=1e-12) for found, right in zip(gradients, wanted))
    states = energy(rbm, data, p.detach()).mean() - energy(rbm, chain, q.detach()).mean()
    same = torch.autograd.grad(states, list(rbm))
    assert all(torch.allclose(found, other, atol=1e-12) for found, other in zip(gradients, same))


def test_with_a_chain_in_equilibrium_the_gradient_is_that_of_the_likelihood() -> None:
    rbm = Machine(*(each.requires_grad_() for each in machine(0.5)))
    data = binary_states(VISIBLE)[[3, 17, 40]]
    exact = torch.autograd.grad(free_energy(rbm, data).mean() + log_all(rbm), list(rbm))
    chain = gibbs(rbm, data.repeat(20_000, 1), 20, uniform())
    found = torch.autograd.grad(contrastive_loss(rbm, data, chain), list(rbm))
    assert all(torch.allclose(one, other, atol=0.01) for one, other in zip(found, exact))


def log_all(rbm: Machine) -> Tensor:
    return (-free_energy(rbm, binary_states(VISIBLE))).logsumexp(0)


def test_a_gibbs_chain_visits_states_as_often_as_they_are_likely() -> None:
    rbm = machine(0.7)
    states = gibbs(rbm, torch.zeros(50_000, VISIBLE, dtype=torch.float64), 20, uniform())
    number = (states @ (2.0 ** torch.arange(VISIBLE - 1, -1, -1, dtype=torch.float64))).long()
    often = torch.bincount(number, minlength=2**VISIBLE) / len(states)
    assert torch.allclose(often.double(), log_probabilities(rbm).exp(), atol=5e-3)


def test_the_pseudo_likelihood_is_the_sum_of_what_each_unit_says_given_the_others() -> None:
    rbm = machine()
    table = log_probabilities(rbm).view(*[2] * VISIBLE)
    wanted = sum((table - table.logsumexp(unit, keepdim=True) for unit in range(VISIBLE)), torch.zeros(()))
    assert torch.allclose(pseudo_likelihood(rbm, binary_states(VISIBLE)), wanted.flatten(), atol=1e-10)


@pytest.mark.parametrize("base", [None, torch.linspace(-1, 1, VISIBLE)])
def test_annealing_finds_the_partition_function_within_the_error_that_it_states(base: Tensor | None) -> None:
    rbm = machine(2.0)
    exact = log_partition(rbm).item()
    found = [annealed_log_partition(rbm, annealing_steps(300), 100, uniform(seed), base) for seed in range(8)]
    assert all(abs(each.value - exact) < 5 * each.error + 0.01 for each in found)
    spread = torch.tensor([each.value for each in found]).std().item()
    assert 0.3 < spread / (sum(each.error for each in found) / len(found)) < 3
    with pytest.raises(ShapeError, match="from 0 to 1"):
        annealed_log_partition(rbm, torch.tensor([0.0, 0.5]), 2, uniform())


def test_the_steps_of_annealing_are_the_published_ones() -> None:
    steps = annealing_steps(14_500)
    assert len(steps) == 14_501
    assert steps[[0, 1, 500, 501, 4500, 4501, -1]].tolist() == pytest.approx([0, 0.001, 0.5, 0.5001, 0.9, 0.90001, 1])
