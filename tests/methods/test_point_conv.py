"""Point convolution: the closed form against a sum over space, kernel points by hand, and dense and thin places."""

import math

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.label import Label
from saddlepoint.methods.recognition.point_conv import Kernel, PointConv
from saddlepoint.nn.kernels.points import nearest_points
from saddlepoint.nn.layers.point_conv import (
    GaussianConv,
    KernelPointConv,
    gaussian_weights,
    kernel_points,
    linear_weights,
)

TINY = {"shape": (16,), "width": 1, "spread": 4.0, "neighbours": 8, "dropout": 0.0}


def test_the_convolution_of_two_gaussians_is_their_integral_over_space() -> None:
    spread, away = 0.3, torch.tensor([0.25, -0.1, 0.4])
    line = torch.linspace(-2.5, 2.5, 101)
    space = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1)
    cell = float(line[1] - line[0]) ** 3
    neighbour = (-(space - away).square().sum(-1) / (2 * spread**2)).exp()
    weights = gaussian_weights(away, spread)
    for number, step in ((0, (-1, -1, -1)), (13, (0, 0, 0)), (17, (0, 1, 1))):
        kernel = (-(space + 2 * spread * torch.tensor(step)).square().sum(-1) / (2 * spread**2)).exp()
        kernel = kernel / (2 * math.pi * spread**2) ** 1.5
        assert weights[number].item() == pytest.approx(float((neighbour * kernel).sum()) * cell, rel=1e-3)


def test_a_kernel_point_reaches_linearly() -> None:
    kernel = kernel_points(1.0)
    assert kernel.shape == (15, 3)
    assert torch.allclose(kernel[1:].norm(dim=1), torch.ones(14))
    weights = linear_weights(torch.tensor([[0.0, 0, 0], [0.5, 0, 0]]), kernel, 0.8)
    assert weights[0].tolist() == pytest.approx([1.0] + [0.0] * 14, abs=1e-5)
    assert weights[1, :2].tolist() == pytest.approx([1 - 0.5 / 0.8, 1 - 0.5 / 0.8])


@pytest.mark.parametrize("layer", [GaussianConv(2, 3, 0.5), KernelPointConv(2, 3, 0.5)])
def test_a_layer_is_the_sum_over_neighbours_and_moves_with_the_cloud(layer: GaussianConv | KernelPointConv) -> None:
    places, values = torch.randn(1, 10, 3) * 0.5, torch.randn(1, 10, 2)
    index, _ = nearest_points(places, places, 10)
    outputs = layer(places, values, index)
    moved = layer(places + 3, values, index)
    assert torch.allclose(outputs, moved, atol=1e-4)
    assert torch.allclose(layer(places, 2 * values, index), 2 * outputs, atol=1e-5)


def test_a_place_that_is_said_twice_counts_once_for_gaussians() -> None:
    layer = GaussianConv(1, 2, 0.1)
    places = torch.tensor([[[0.0, 0, 0], [5.0, 0, 0], [9.0, 0, 0]]])
    index, _ = nearest_points(places, places, 3)
    doubled = places[:, [0, 0, 1, 2]]
    double_index, _ = nearest_points(doubled, doubled, 4)
    single = layer(places, torch.ones(1, 3, 1), index)
    assert torch.allclose(layer(doubled, torch.ones(1, 4, 1), double_index)[:, 1:], single, atol=1e-5)


@pytest.mark.parametrize("kernel", ["gaussian", "points"])
def test_order_of_points_changes_nothing(kernel: Kernel) -> None:
    method, classes = PointConv(kernel=kernel, width=2, spread=6.0, neighbours=8), ("a", "b")
    nets = method.networks(DataSpec({"cloud": Cloud(32, 1), "label": Label(classes)}, classes)).eval()
    cloud, order = torch.randn(2, 32, 4), torch.cat((torch.zeros(1).long(), torch.randperm(31) + 1))
    shares = method.predict(nets, cloud)["class"]
    assert torch.allclose(method.predict(nets, cloud[:, order])["class"], shares, atol=1e-4)
