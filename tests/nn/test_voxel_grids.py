"""Sparse convolutions equal dense ones where voxels are filled; octrees' cells, pooling and growth on small grids."""

import torch
from torch.nn import functional as F

from saddlepoint.nn.kernels.voxels import (
    Sparse,
    children,
    convolved,
    halved_rules,
    keys,
    neighbour_rules,
    offsets,
    pooled,
    sorted_by_key,
)
from saddlepoint.nn.layers.sparse_conv import GrowingConv, HalvingConv, SubmanifoldConv, mean_of_each

STREAM = torch.Generator().manual_seed(0)
VOLUME = torch.randn(2, 3, 6, 6, 6, generator=STREAM) * (torch.rand(2, 1, 6, 6, 6, generator=STREAM) < 0.3)
GRID = Sparse.of(VOLUME)


def dense_kernel(weight: torch.Tensor, size: int) -> torch.Tensor:
    """[K, C, D] as a kernel [D, C, size, size, size]."""
    return weight.permute(2, 1, 0).unflatten(2, (size, size, size))


def test_a_sparse_grid_is_its_dense_one_in_the_order_of_its_keys() -> None:
    assert torch.equal(GRID.dense(), VOLUME)
    numbers = keys(GRID.places, 6)
    assert bool((numbers[1:] > numbers[:-1]).all())
    order = torch.randperm(len(GRID.places))
    again, _ = sorted_by_key(GRID.places[order], 6)
    assert torch.equal(again, GRID.places)


def test_at_its_own_voxels_a_convolution_is_the_dense_one() -> None:
    layer = SubmanifoldConv(3, 5)
    wanted = F.conv3d(VOLUME, dense_kernel(layer.weight, 3), padding=1)
    made = layer(GRID).dense()
    filled = (VOLUME != 0).any(1, keepdim=True)
    assert torch.allclose(made, wanted * filled, atol=2e-6)


def test_a_growing_convolution_is_the_dense_one_everywhere() -> None:
    layer = GrowingConv(3, 5)
    wanted = F.conv3d(VOLUME, dense_kernel(layer.weight, 3), padding=1)
    grown = layer(GRID)
    assert len(grown.places) > len(GRID.places)
    assert torch.allclose(grown.dense(), wanted, atol=2e-6)


def test_a_halving_convolution_is_the_dense_one_in_steps_of_two() -> None:
    layer = HalvingConv(3, 4)
    wanted = F.conv3d(VOLUME, dense_kernel(layer.weight, 2), stride=2)
    assert torch.allclose(layer(GRID).dense(), wanted, atol=2e-6)


def test_pooling_takes_the_largest_of_the_children_that_are_there() -> None:
    places, rules = halved_rules(GRID.places, 6)
    values = pooled(GRID.values, rules, len(places))
    low = torch.where((VOLUME != 0).any(1, keepdim=True), VOLUME, -torch.inf)
    wanted = F.max_pool3d(low, 2).permute(0, 2, 3, 4, 1)[places.unbind(1)]
    assert torch.equal(values, wanted)


def test_gradients_are_those_of_the_dense_form() -> None:
    values = GRID.values.clone().requires_grad_()
    weight = torch.randn(27, 3, 2, requires_grad=True)
    rules = neighbour_rules(GRID.places, 6, offsets(3))
    sparse = convolved(values, weight, rules, len(values)).square().sum()
    volume = VOLUME.clone().requires_grad_()
    dense = (F.conv3d(volume, dense_kernel(weight, 3), padding=1) * (VOLUME != 0).any(1, keepdim=True)).square().sum()
    for one, other in zip(torch.autograd.grad(sparse, [weight]), torch.autograd.grad(dense, [weight])):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)


def test_children_are_the_eight_cells_of_each() -> None:
    finer, _ = sorted_by_key(children(GRID.places), 12)
    marked = torch.zeros(2, 12, 12, 12, dtype=torch.bool)
    marked[finer.unbind(1)] = True
    filled = (VOLUME != 0).any(1)
    wanted = filled.repeat_interleave(2, 1).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(marked, wanted)


def test_the_mean_of_an_empty_grid_is_nothing() -> None:
    lone = torch.stack((torch.zeros(3, 6, 6, 6), VOLUME[0]))
    means = mean_of_each(Sparse.of(lone))
    assert not means[0].any()
    assert torch.allclose(means[1], lone[1][:, (lone[1] != 0).any(0)].mean(1), atol=1e-6)
