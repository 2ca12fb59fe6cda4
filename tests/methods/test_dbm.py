"""DBM: the sum over all images is 1, the mean-field bound lies under it, and both sides of the gradient are right."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.energy import annealed_log_partition, annealing_steps, binary_states, energy, uniform_from
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.energy.dbm import DBM

TINY = {"widths": (4, 3), "particles": 6, "walk": 3}


def random(method: DBM, side: int = 2) -> Networks:
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of((1, side, side))).eval().requires_grad_(False)
    for parameter in nets.parameters():
        parameter.copy_(torch.randn_like(parameter))
    return nets


def by_all_states(nets: Networks) -> torch.Tensor:
    """log p of every image, by the sum over all states of both hidden layers.  [2^V]"""
    v, h, t = (binary_states(units) for units in (4, 4, 3))
    joint = torch.cartesian_prod(torch.arange(16), torch.arange(16), torch.arange(8))
    outer = torch.cat((v[joint[:, 0]], t[joint[:, 2]]), 1)
    logs = -energy(nets.machine.machine().double(), h[joint[:, 1]], outer)
    return logs.view(16, -1).logsumexp(1) - logs.logsumexp(0)


def test_the_likelihood_is_that_of_all_states_and_the_mean_field_bound_lies_under_it() -> None:
    method = DBM(**TINY)
    nets = random(method)
    pixels = binary_states(4)
    images, exact = pixels.float().view(-1, 1, 2, 2) * 2 - 1, by_all_states(nets)
    assert method.exact
    assert torch.allclose(method.log_likelihood(nets, images, 1, 0).double(), exact, atol=1e-5)
    bound = method.bound(nets, pixels, method.log_z(nets, 1, 0))
    assert bool((bound <= exact + 1e-6).all())
    assert (exact - bound).max() < 3
    wide = DBM(widths=(17, 3))
    assert not wide.exact
    assert wide.log_likelihood(random(wide), images, 1, 0).exp().sum() < 1  # a bound of a probability sums to less


def test_without_a_top_layer_that_speaks_the_bound_is_exact() -> None:
    method = DBM(**TINY)
    nets = random(method)
    nets.machine.weight[:, 4:] = 0  # then the middle units are independent given the pixels
    pixels = binary_states(4)
    assert torch.allclose(method.bound(nets, pixels, method.log_z(nets, 1, 0)), by_all_states(nets), atol=1e-5)


def test_annealing_finds_the_partition_function() -> None:
    method = DBM(**TINY)
    nets = random(method)
    stream = torch.Generator().manual_seed(0)
    found = annealed_log_partition(nets.machine.machine(), annealing_steps(500), 100, uniform_from(stream))
    assert found.value == pytest.approx(method.log_z(nets, 1, 0), abs=5 * found.error + 0.01)


def test_the_gradient_is_the_difference_of_pairs_seen_and_dreamt() -> None:
    method = DBM(decay=0.0, **TINY)
    nets = random(method)
    nets.chains.value.copy_(torch.randint(0, 2, (6, 4)))
    nets.requires_grad_(True)
    update = next(method.train_step(nets, HandDraw(torch.ones(5, 1, 2, 2)), Clock()))
    update.losses["difference"].backward()
    pixels, chain = torch.ones(5, 4), nets.chains.value
    middle, top = nets.machine.mean_field(pixels, method.mean_field)
    dreamt = torch.sigmoid(chain @ nets.machine.weight + nets.machine.outer_bias)
    wanted = middle.T @ torch.cat((pixels, top), 1) / 5 - chain.T @ dreamt / 6
    assert torch.allclose(-nets.machine.weight.grad, wanted, atol=1e-6)


def test_samples_have_the_probabilities_that_are_stated() -> None:
    method = DBM(widths=(4, 3), walk=30)
    nets = random(method)
    images = method.generate(nets, method.latents(nets, 20_000, 0))
    every = binary_states(4).float() * 2 - 1
    often = (images.flatten(1)[:, None] == every).all(2).double().mean(0)
    assert torch.allclose(often, by_all_states(nets).exp(), atol=0.012)
