"""Path lengths of maps that are known."""

import pytest
import torch

from saddlepoint.losses.path_length import path_length_penalty, path_lengths


def test_a_linear_map_has_the_length_of_its_transpose_times_the_direction() -> None:
    matrix = torch.randn(12, 5)
    styles = torch.randn(3, 2, 5, requires_grad=True)  # two layers, of which the image uses the first
    direction = torch.randn(3, 3, 2, 2)
    found = path_lengths(lambda styles: (styles[:, 0] @ matrix.t()).view(3, 3, 2, 2), styles, direction)
    wanted = (direction.flatten(1) @ matrix / 2).square().sum(1) / 2  # / sqrt(2 * 2 pixels); mean over two layers
    torch.testing.assert_close(found, wanted.sqrt())


def test_its_gradient_reaches_what_made_the_styles() -> None:
    weight = torch.tensor(2.0, requires_grad=True)
    styles = weight * torch.ones(1, 1, 1)
    lengths = path_lengths(lambda w: w.square().view(1, 1, 1, 1), styles, torch.ones(1, 1, 1, 1))
    assert lengths.item() == 4  # d w^2 / d w at 2
    lengths.sum().backward()
    assert weight.grad.item() == pytest.approx(2)  # d 2w / d w


def test_the_penalty_is_the_squared_distance_from_a_mean_that_moved_by_the_decay() -> None:
    lengths = torch.tensor([1.0, 3.0])
    # the mean goes from 0 to .01 * 2 = .02: ((1 - .02)^2 + (3 - .02)^2) / 2
    assert path_length_penalty(lengths, torch.zeros(())).item() == pytest.approx((0.98**2 + 2.98**2) / 2)
