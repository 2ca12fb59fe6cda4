"""RBM: the likelihood of all images of a small one sums to 1, chains, samples from latents, estimates of log Z."""

import math

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.losses.energy import binary_states, free_energy, hidden_probability
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.energy.rbm import RBM
from saddlepoint.methods.families.chained import RowNoise, log_odds

TINY = {"hidden": 5, "particles": 6, "walk": 3}


def random(method: RBM, side: int = 3) -> Networks:
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of((1, side, side))).eval().requires_grad_(False)
    for parameter in nets.parameters():
        parameter.copy_(torch.randn_like(parameter))
    return nets


def every_image(side: int = 3) -> torch.Tensor:
    return binary_states(side * side).float().view(-1, 1, side, side) * 2 - 1


def test_the_probabilities_of_all_images_sum_to_one_and_grey_ones_have_none() -> None:
    method = RBM(**TINY)
    nets = random(method)
    assert method.exact
    assert method.log_likelihood(nets, every_image(), 1, 0).double().exp().sum().item() == pytest.approx(1, abs=1e-5)
    with pytest.raises(CapabilityError, match="black and white"):
        method.log_likelihood(nets, torch.zeros(1, 1, 3, 3), 1, 0)


def test_a_machine_too_large_to_sum_is_estimated_and_says_so() -> None:
    method = RBM(hidden=30)
    nets = random(method)  # 9 pixels: the sum over their states is the truth
    exact, weight = method.log_z(nets, 1, 0), nets.machine.weight
    assert not method.exact
    wide = RBM(hidden=30).networks(DataSpec.of((1, 5, 5)))
    wide.machine.weight.data[:9], wide.machine.weight.data[9:] = weight, 0
    wide.machine.visible_bias.data[:9] = nets.machine.visible_bias
    wide.machine.hidden_bias.data.copy_(nets.machine.hidden_bias)
    found = method.log_z(wide, 1000, 0)  # 16 pixels more that are free: 16 log 2 more
    assert found == pytest.approx(exact + 16 * math.log(2), abs=0.3)


def test_pixels_begin_with_their_means_even_where_they_are_always_black() -> None:
    images = -torch.ones(98, 1, 2, 2)
    images[:49, :, 0, 0] = 1
    odds = log_odds(lambda n: ImageBatch(images[:n]))
    assert torch.sigmoid(odds).tolist() == pytest.approx([0.5, 0.01, 0.01, 0.01])
    method = RBM(**TINY)
    nets = method.networks(DataSpec.of((1, 2, 2))).requires_grad_(False)
    method.prepare(nets, lambda n: ImageBatch(images[:n]))
    assert torch.equal(nets.machine.visible_bias, odds)


def test_persistent_chains_go_on_from_where_they_ended_and_others_begin_at_the_data() -> None:
    image = torch.ones(4, 1, 3, 3)
    method = RBM(**TINY)
    nets = random(method).requires_grad_(True)
    before = nets.chains.value.clone()
    update = next(method.train_step(nets, HandDraw(image), Clock()))
    machine = nets.machine.machine()
    wanted = free_energy(machine, torch.ones(4, 9)).mean() - free_energy(machine, before).mean()
    assert update.losses["difference"].item() == pytest.approx(wanted.item(), rel=1e-5)
    with torch.no_grad():
        method.after_step(nets, {}, Clock())
    assert not torch.equal(nets.chains.value, before)
    nets.machine.visible_bias.data.fill_(50.0)  # one step from white images leads to white images
    data = RBM(negative="data", **TINY)
    update = next(data.train_step(nets, HandDraw(image), Clock()))
    assert update.losses["difference"].item() == pytest.approx(0, abs=1e-4)


def test_samples_have_the_probabilities_that_are_stated() -> None:
    method = RBM(hidden=5, walk=30)
    nets = random(method, 2)
    images = method.generate(nets, method.latents(nets, 20_000, 0))
    often = (images.flatten(1)[:, None] == every_image(2).flatten(1)).all(2).float().mean(0)
    assert torch.allclose(often, method.log_likelihood(nets, every_image(2), 1, 0).exp(), atol=0.012)
    again = method.generate(nets, method.latents(nets, 3, 0, first=7))
    assert torch.equal(again, images[7:10])


def test_noise_of_rows_is_even_and_of_each_row_its_own() -> None:
    rows = torch.rand(500, 6)
    noise = RowNoise(rows)
    first, second = noise(500, 40), noise(500, 40)
    both = torch.cat((first, second), 1)
    assert both.min() >= 0
    assert both.max() < 1
    assert torch.histc(both, 10, 0, 1).div(both.numel()).sub(0.1).abs().max() < 0.01
    assert torch.corrcoef(both.T).fill_diagonal_(0).abs().max() < 0.25
    assert torch.corrcoef(both).fill_diagonal_(0).abs().mean() < 0.15
    assert torch.equal(RowNoise(rows[3:5])(2, 40), first[3:5])
    assert not torch.equal(first, second)


def test_the_watched_figure_is_the_share_of_one_pixel_of_the_pseudo_likelihood() -> None:
    method = RBM(**TINY)
    nets = random(method)
    nets.machine.weight.zero_()
    update = next(method.train_step(nets.requires_grad_(True), HandDraw(torch.ones(4, 1, 3, 3)), Clock(step=10)))
    bias = nets.machine.visible_bias[1]  # pixel 10 of 9
    assert update.watch["pseudo_likelihood"].item() == pytest.approx(9 * torch.sigmoid(bias).log().item(), rel=1e-5)
    assert hidden_probability(nets.machine.machine(), torch.ones(1, 9)).shape == (1, 5)
