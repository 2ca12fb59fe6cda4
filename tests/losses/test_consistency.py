"""Consistency: nothing from a critic that does not mind, and the mean square from one that does."""

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.losses.consistency import consistency
from saddlepoint.nn.layers.augment.shift import shifted


def test_it_is_the_mean_squared_difference() -> None:
    assert consistency(torch.tensor([1.0, 2.0]), torch.tensor([1.0, -1.0])).item() == 4.5


def test_an_invariant_critic_pays_nothing_and_another_does() -> None:
    images = torch.zeros(4, 1, 8, 8)
    images[:, :, 2:6, 2:5] = torch.rand(4, 1, 4, 3)  # the edges are even, so a shift moves nothing out
    changed = shifted(images, torch.rand(4, 3))
    assert consistency(images.sum((1, 2, 3)), changed.sum((1, 2, 3))).item() == pytest.approx(0, abs=1e-9)
    left, moved = images[..., :4].sum((1, 2, 3)), shifted(images, torch.zeros(4, 3))[..., :4].sum((1, 2, 3))
    assert consistency(left, moved) > 0.1


def test_gradients_flow_into_both() -> None:
    one, other = torch.ones(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    consistency(one, other).backward()
    assert one.grad.tolist() == [1, 1]
    assert other.grad.tolist() == [-1, -1]


def test_outputs_of_two_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="compares an image with itself"):
        consistency(torch.zeros(2), torch.zeros(2, 1))
