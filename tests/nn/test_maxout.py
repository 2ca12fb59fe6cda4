"""Maxout against its definition."""

import torch

from saddlepoint.nn.layers.maxout import Maxout


def test_a_unit_is_the_largest_of_its_own_linear_maps() -> None:
    layer = Maxout(3, 2, pieces=4)
    x = torch.randn(5, 3)
    weight, bias = layer.linear.weight.view(2, 4, 3), layer.linear.bias.view(2, 4)
    expected = (torch.einsum("ni,kpi->nkp", x, weight) + bias).max(dim=2).values
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_two_pieces_can_be_the_absolute_value() -> None:
    layer = Maxout(1, 1, pieces=2)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.linear.bias.zero_()
    assert layer(torch.tensor([[-3.0], [2.0]])).tolist() == [[3.0], [2.0]]


def test_parameters_are_those_of_all_pieces() -> None:
    assert sum(p.numel() for p in Maxout(784, 240, 5).parameters()) == 785 * 1200
