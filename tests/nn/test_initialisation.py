"""First weights: the spread that each rule promises."""

import math

import pytest
import torch
from torch import nn

from saddlepoint.nn.layers.initialisation import initialise


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(32, 64, 4), nn.BatchNorm2d(64), nn.ConvTranspose2d(64, 16, 4), nn.Flatten(), nn.Linear(400, 300)
    )


def spread(module: nn.Module) -> float:
    return module.weight.std().item()


def test_normal_weights_and_batch_norm_gains_have_the_given_spread() -> None:
    net = network()
    initialise(net, "normal", 0.02)
    assert [spread(net[i]) for i in (0, 2, 4)] == pytest.approx([0.02] * 3, rel=0.03)
    assert net[1].weight.mean().item() == pytest.approx(1, abs=0.01)
    assert spread(net[1]) == pytest.approx(0.02, rel=0.3)


def test_uniform_weights_fill_their_range() -> None:
    net = network()
    initialise(net, "uniform", 0.05)
    assert net[4].weight.abs().max() <= 0.05
    assert spread(net[4]) == pytest.approx(0.05 / math.sqrt(3), rel=0.02)


def test_glorot_and_he_weights_have_the_variance_of_their_fans() -> None:
    net = network()
    initialise(net, "glorot")
    assert spread(net[0]) == pytest.approx(math.sqrt(2 / (16 * (32 + 64))), rel=0.03)
    initialise(net, "he")
    expected = [math.sqrt(2 / (16 * 32)), math.sqrt(2 / (16 * 64)), math.sqrt(2 / 400)]
    assert [spread(net[i]) for i in (0, 2, 4)] == pytest.approx(expected, rel=0.03)


def test_orthogonal_weights_have_orthonormal_rows() -> None:
    net = network()
    initialise(net, "orthogonal")
    rows = net[4].weight
    assert torch.allclose(rows @ rows.T, torch.eye(300), atol=1e-5)


@pytest.mark.parametrize("rule", ["normal", "uniform", "glorot", "he", "orthogonal"])
def test_every_rule_sets_biases_to_zero(rule: str) -> None:
    net = network()
    initialise(net, rule)
    assert all(not net[i].bias.any() for i in (0, 2, 4))
