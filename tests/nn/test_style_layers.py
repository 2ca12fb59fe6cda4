"""Equalised layers, pixel norm and minibatch deviation, worked by hand."""

import math

import pytest
import torch

from saddlepoint.nn.layers.equalised import EqualisedConv2d, EqualisedLinear
from saddlepoint.nn.layers.minibatch_deviation import MinibatchDeviation
from saddlepoint.nn.layers.pixel_norm import pixel_norm


def test_weights_are_stored_standard_normal_and_their_output_keeps_the_variance() -> None:
    torch.manual_seed(0)
    linear, conv = EqualisedLinear(400, 400), EqualisedConv2d(40, 40, 3)
    assert linear.weight.std().item() == pytest.approx(1, abs=0.02)
    assert linear(torch.randn(200, 400)).var().item() == pytest.approx(1, abs=0.05)
    assert conv(torch.randn(8, 40, 12, 12))[:, :, 1:-1, 1:-1].var().item() == pytest.approx(1, abs=0.1)


def test_a_slow_layer_stores_more_and_gives_the_same() -> None:
    slow = EqualisedLinear(4, 3, rate=0.01, bias=2.0)
    assert slow.bias.tolist() == pytest.approx([200.0] * 3)
    wanted = torch.nn.functional.linear(torch.ones(1, 4), slow.weight * 0.01 / 2, torch.full((3,), 2.0))
    torch.testing.assert_close(slow(torch.ones(1, 4)), wanted)


def test_gain_is_on_the_weights_and_boost_on_the_bias_too() -> None:
    plain, changed = EqualisedLinear(4, 3, bias=1.0), EqualisedLinear(4, 3, gain=2.0, boost=5.0, bias=1.0)
    changed.load_state_dict(plain.state_dict())
    x = torch.randn(2, 4)
    torch.testing.assert_close(changed(x), 10 * (plain(x) - 1) + 5)


def test_pixel_norm_brings_the_mean_square_over_channels_to_one() -> None:
    x = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(pixel_norm(x).flatten(), torch.tensor([3.0, 4.0]) / math.sqrt(12.5))
    torch.testing.assert_close(pixel_norm(torch.randn(5, 9)).square().mean(1), torch.ones(5))


def test_minibatch_deviation_compares_image_i_with_those_i_plus_groups_on() -> None:
    x = torch.tensor([0.0, 10.0, 2.0, 10.0]).view(4, 1, 1, 1).expand(4, 2, 3, 3)
    shown = MinibatchDeviation(2)(x)
    assert shown.shape == (4, 3, 3, 3)
    # groups {0, 2} and {1, 3}: the biased deviation of 0 and 2 is 1, that of 10 and 10 is sqrt(1e-8)
    torch.testing.assert_close(shown[:, 2, 0, 0], torch.tensor([1.0, 1e-4, 1.0, 1e-4]), rtol=1e-4, atol=1e-7)
    assert torch.equal(shown[:, :2], x)


@pytest.mark.parametrize(("n", "used"), [(4, 4), (6, 3), (5, 1), (1, 1), (8, 4)])
def test_a_group_that_does_not_divide_the_batch_becomes_a_divisor(n: int, used: int) -> None:
    x = torch.randn(n, 3, 2, 2)
    wanted = MinibatchDeviation(used)(x)
    assert torch.equal(MinibatchDeviation(4)(x), wanted)
    assert torch.isfinite(wanted).all()
