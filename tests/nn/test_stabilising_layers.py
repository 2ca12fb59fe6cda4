"""Spectral norm, group norm, minibatch discrimination and small shifts: each by what it promises."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.augment.shift import shifted
from saddlepoint.nn.layers.minibatch_discrimination import MinibatchDiscrimination
from saddlepoint.nn.layers.norm import group_norm
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally


def stretch(weight: Tensor) -> float:
    """The greatest singular value of a kernel as a matrix with a row for each output, by decomposition."""
    return torch.linalg.matrix_norm(weight.detach().flatten(1), 2).item()


def normalised() -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1))
    with torch.no_grad():
        network[0].weight *= 7
    normalise_spectrally(network)
    return network


def test_after_spectral_norm_no_layer_stretches_more_than_one_fold() -> None:
    network = normalised()
    for _ in range(20):
        network(torch.zeros(1, 3, 8, 8))
    network.eval()
    assert stretch(network[0].weight) == pytest.approx(1, abs=1e-3)
    assert stretch(network[3].weight) == pytest.approx(1, abs=1e-4)
    assert stretch(network[0].parametrizations.weight.original) > 2


def test_one_step_of_the_iteration_keeps_up_with_weights_that_move_slowly() -> None:
    network = normalised()
    for _ in range(50):
        with torch.no_grad():
            network[0].parametrizations.weight.original += 0.01 * torch.randn(8, 3, 4, 4)
        network(torch.zeros(1, 3, 8, 8))
    network.eval()
    assert stretch(network[0].weight) == pytest.approx(1, abs=0.02)


def test_evaluation_does_not_move_the_iteration_and_training_does() -> None:
    network = normalised()
    with torch.no_grad():
        network[0].parametrizations.weight.original += torch.randn(8, 3, 4, 4)
    before = copy.deepcopy(network.state_dict())
    network.eval()(torch.zeros(2, 3, 8, 8))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    network.train()(torch.zeros(2, 3, 8, 8))
    moved = [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]
    assert moved
    assert all(name.endswith(("._u", "._v")) for name in moved)


def test_spectral_norm_stays_in_float32_under_autocast() -> None:
    network = normalised()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network[0].weight.dtype == torch.float32
        assert stretch(network[0].weight) == pytest.approx(1, abs=0.02)


def test_group_norm_has_sixteen_maps_a_group_or_as_many_as_divide() -> None:
    assert [group_norm(width).num_groups for width in (8, 16, 64, 512, 24)] == [1, 1, 4, 32, 3]


def test_group_norm_does_not_depend_on_the_company() -> None:
    images = torch.randn(4, 32, 4, 4) * 5 + 3
    layer = group_norm(32)
    alone = layer(images[:1])
    assert torch.allclose(alone, layer(images)[:1], atol=1e-5)
    assert alone[0, :16].mean().item() == pytest.approx(0, abs=1e-5)
    assert alone[0, 16:].var(correction=0).item() == pytest.approx(1, abs=1e-3)


def one_kernel() -> MinibatchDiscrimination:
    """A single kernel that looks at the first feature alone."""
    layer = MinibatchDiscrimination(2, kernels=1, dimensions=1)
    with torch.no_grad():
        layer.tensor.copy_(torch.tensor([[1.0], [0.0]]))
    return layer


def test_minibatch_discrimination_sums_what_is_near_by_hand() -> None:
    x = torch.tensor([[0.0, 9.0], [1.0, 8.0], [3.0, 7.0]])
    e = math.exp
    near = [[e(-1) + e(-3)], [e(-1) + e(-2)], [e(-3) + e(-2)]]
    made = one_kernel()(x)
    assert torch.equal(made[:, :2], x)
    assert torch.allclose(made[:, 2:], torch.tensor(near))


def test_a_collapsed_batch_is_as_near_as_can_be_and_one_alone_has_no_neighbour() -> None:
    assert one_kernel()(torch.ones(5, 2))[:, 2].tolist() == pytest.approx([4] * 5)
    assert one_kernel()(torch.ones(1, 2))[:, 2].tolist() == [0]


def test_its_columns_start_about_one_long() -> None:
    torch.manual_seed(0)
    assert MinibatchDiscrimination(2000, 10).tensor.norm(dim=0).mean().item() == pytest.approx(1, abs=0.02)


def test_a_shift_moves_whole_pixels_and_mirrors_where_chance_says() -> None:
    image = torch.zeros(3, 1, 8, 8)
    image[:, :, 3, 2] = 1
    middle, down, turned = [0.9, 0.5, 0.5], [0.9, 0.0, 0.99], [0.0, 0.5, 0.5]
    made = shifted(image, torch.tensor([middle, down, turned]))
    # The window that is cut out starts one pixel higher, or further right, so the dot moves the other way.
    assert [tuple(spot[1:].tolist()) for spot in made.nonzero()[:, 1:]] == [(3, 2), (4, 1), (3, 5)]
    assert torch.equal(shifted(image, torch.tensor([turned] * 3), mirror=False), image)


def test_a_shift_goes_no_further_than_an_eighth_and_fills_the_edge_with_what_is_there() -> None:
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    for chance, first in ((0.0, 2), (0.9999, 2)):
        made = shifted(ramp, torch.tensor([[0.9, 0.5, chance]]))[0, 0, 0]
        assert made[0].item() == first
        assert made.min() >= 0
        assert made.max() <= 15


def test_gradients_come_back_through_a_shift() -> None:
    images = torch.rand(2, 3, 8, 8, requires_grad=True)
    shifted(images, torch.rand(2, 3)).sum().backward()
    assert images.grad.sum().item() == pytest.approx(2 * 3 * 64)
