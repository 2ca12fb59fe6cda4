"""Orthogonal regularisation against sums worked by hand."""

import pytest
import torch
from torch import nn

from saddlepoint.losses.orthogonal import orthogonality


def layer(*rows: tuple[float, ...]) -> nn.Linear:
    made = nn.Linear(len(rows[0]), len(rows), bias=False)
    with torch.no_grad():
        made.weight.copy_(torch.tensor(rows))
    return made


def test_two_rows_cost_their_product_squared_twice() -> None:
    # (1, 2) . (3, 4) = 11, and it stands in the matrix twice.
    assert orthogonality(layer((1, 2), (3, 4))).item() == 2 * 11**2


def test_orthogonal_rows_of_any_length_cost_nothing() -> None:
    assert orthogonality(layer((3, 0, 0), (0, 0.5, 0))).item() == 0


def test_more_outputs_than_inputs_are_summed_as_all_the_others_are() -> None:
    # The pairs' products are 2, 3 and 6.
    assert orthogonality(layer((1,), (2,), (3,))).item() == pytest.approx(2 * (4 + 9 + 36))


def test_a_convolutions_rows_are_its_outputs_whichever_way_it_goes() -> None:
    down, up = nn.Conv2d(4, 2, 3), nn.ConvTranspose2d(4, 2, 3)
    for convolution, axis in ((down, 0), (up, 1)):
        one, other = (convolution.weight.select(axis, index).flatten() for index in range(2))
        assert orthogonality(convolution).item() == pytest.approx(2 * (one @ other).item() ** 2, rel=1e-4)


def test_layers_are_summed_in_float32_and_norms_do_not_count() -> None:
    both = nn.Sequential(layer((1, 2), (3, 4)), nn.BatchNorm1d(2), layer((1, 2), (3, 4)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert orthogonality(both).item() == 4 * 11**2


def test_a_descent_makes_the_rows_orthogonal_and_leaves_their_lengths_alone() -> None:
    start = layer((1.0, 0.5), (0.5, 1.0))
    descent = torch.optim.SGD(start.parameters(), lr=0.02)
    for _ in range(300):
        descent.zero_grad()
        orthogonality(start).backward()
        descent.step()
    assert orthogonality(start).item() < 1e-6
    assert start.weight.norm(dim=1).min() > 0.5
