"""Networks of places: what they encode, how sines begin, and grids against one another."""

import math

import pytest
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.nn.backbones.coordinate_mlp import CoordinateMLP, FourierFeatures, Frequencies, at_places
from saddlepoint.nn.layers.feature_grid import DenseGrid, SparseGrid, nodes_near


def test_frequencies_are_octaves_of_each_coordinate_in_turn() -> None:
    place = torch.tensor([0.3, -0.7])
    encoded = Frequencies(2, 3)(place)
    waves = [wave(2**k * math.pi * x) for k in range(3) for x in place.tolist() for wave in (math.sin, math.cos)]
    assert encoded.tolist() == pytest.approx([*place.tolist(), *waves], abs=1e-5)


def test_products_of_fourier_features_depend_on_the_difference_of_places_alone() -> None:
    features = FourierFeatures(2, 512, 3.0)
    a, b, shift = torch.rand(20, 2), torch.rand(20, 2), torch.tensor([0.1, -0.2])
    kernel = (features(a) * features(b)).sum(1)
    assert torch.allclose(kernel, (features(a + shift) * features(b + shift)).sum(1), atol=1e-3)
    assert torch.allclose((features(a) ** 2).sum(1), torch.full((20,), 512.0), atol=1e-2)


def test_the_sums_before_each_sine_stay_near_a_deviation_of_one() -> None:
    torch.manual_seed(0)
    network = CoordinateMLP(2, 1, 256, 5, "siren", 30.0, 0)
    x, deviations = torch.rand(4000, 2) * 2 - 1, []
    for layer in network.hidden:
        sums = layer.omega * layer.linear(x)
        deviations.append(float(sums.detach().std()))
        x = layer(x)
    assert deviations[1:] == pytest.approx([math.sqrt(1 + 30**2 / (3 * 256))] * 4, rel=0.1)
    assert float(x.detach().std()) == pytest.approx(math.sqrt(1 / 2), abs=0.05)  # the law of the arcsine


@pytest.mark.parametrize("axes", [2, 3])
def test_a_sparse_grid_of_all_nodes_is_the_whole_grid(axes: int) -> None:
    dense = DenseGrid(axes, 5, 3)
    every = torch.cartesian_prod(*[torch.arange(5)] * axes)
    sparse = SparseGrid(5, 3, len(every))
    sparse.keep(every[torch.randperm(len(every))])
    sparse.values.data = dense.values.data.flatten(1).T.contiguous()  # z, y, x: the last coordinate weighs most
    place = (torch.rand(7, 6, axes) * 2 - 1).requires_grad_()
    assert torch.allclose(dense(place), sparse(place), atol=1e-6)
    slopes = [torch.autograd.grad(grid(place).sum(), place)[0] for grid in (dense, sparse)]
    assert torch.allclose(*slopes, atol=1e-4)
    assert torch.allclose(dense(torch.ones(axes)), sparse(torch.ones(axes)))


def test_a_linear_field_on_a_grid_is_read_exactly_and_what_is_not_kept_counts_as_nothing() -> None:
    line = (torch.arange(6) + 0.5) / 3 - 1
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    place = torch.rand(2, 9, 3) * 1.6 - 0.8
    read = at_places((x + 2 * y - z).expand(2, 1, 6, 6, 6), place)
    assert torch.allclose(read[..., 0], place @ torch.tensor([1.0, 2.0, -1.0]), atol=1e-5)
    kept = nodes_near(torch.hypot(torch.hypot(x, y), z) - 0.6, 12)
    assert 0 < len(kept) < 13**3 / 2
    sparse = SparseGrid(13, 2, 2000)
    sparse.keep(kept)
    assert not sparse(torch.zeros(1, 3)).any()  # the middle of the ball
    assert sparse(torch.tensor([[0.6, 0.0, 0.0]])).all()
    with pytest.raises(ConfigError, match="room for 9"):
        SparseGrid(13, 2, 9).keep(kept)
