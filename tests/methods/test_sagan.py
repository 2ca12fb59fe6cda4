"""SAGAN: shares that sum to one, a gate that opens from nothing, spectral norm where it belongs."""

import pytest
import torch
from drive import HandDraw, play
from torch.nn.utils import parametrize

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.gan.sagan import PRESETS, SAGAN, attention_side
from saddlepoint.nn.layers.self_attention import SelfAttention2d

TINY = {"latent": 4, "width": 2, "critic_width": 2, "shape": [1, 16, 16]}
SPEC = DataSpec.of((1, 16, 16), ("a", "b"))
SMALL = {"latent": 4, "width": 2, "critic_width": 2}


def test_each_place_shares_itself_out_and_a_closed_gate_changes_nothing() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention2d(8), torch.randn(2, 8, 4, 6)
    assert torch.allclose(layer.shares(x).sum(2), torch.ones(2, 24))
    assert layer.shares(x).shape == (2, 24, 6)
    assert torch.equal(layer(x), x)
    torch.nn.init.ones_(layer.gate)
    by_hand = torch.einsum(
        "nps,ncs->ncp", layer.shares(x), torch.nn.functional.max_pool2d(layer.value(x), 2).flatten(2)
    )
    assert torch.allclose(layer(x), x + layer.out(by_hand.unflatten(2, (4, 6))), atol=1e-5)


def test_attention_reaches_places_that_no_kernel_does() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention2d(8), torch.randn(1, 8, 8, 8, requires_grad=True)
    torch.nn.init.ones_(layer.gate)
    (slope,) = torch.autograd.grad(layer(x)[0, :, 0, 0].sum(), x)
    assert slope[0, :, 7, 7].abs().max() > 0 or slope[0, :, 6:, 6:].abs().max() > 0


def test_sngan_has_no_attention_and_a_generator_without_spectral_norm() -> None:
    plain = {key: PRESETS["sngan"][key] for key in ("attention", "generator_spectral")}
    nets, whole = SAGAN(**SMALL, **plain).networks(SPEC), SAGAN(**SMALL).networks(SPEC)
    assert not parametrize.is_parametrized(nets.generator.project)
    assert parametrize.is_parametrized(whole.generator.project)
    for each in (nets, whole):
        assert all(parametrize.is_parametrized(part) for part in (each.critic.output, each.critic.classes))
    assert (len(nets.critic.attend), len(whole.critic.attend), len(whole.generator.attend)) == (0, 1, 1)


def test_the_losses_are_hinges_and_the_critic_moves_first() -> None:
    method = SAGAN(critic_steps=2, **SMALL)
    draw = HandDraw(torch.rand(4, 1, 16, 16), label=torch.tensor([0, 1, 1, 0]))
    updates = list(play(method, method.networks(SPEC), draw))
    assert [update.group for update in updates] == ["critic", "critic", "generator"]
    assert draw.draws == 2
    assert all(loss.item() >= 0 for loss in updates[0].losses.values())


def test_a_side_that_no_map_has_is_refused() -> None:
    assert [attention_side(None, side) for side in (8, 32)] == [4, 16]
    for side in (32, 12, 4):
        with pytest.raises(ConfigError, match="--attention 16"):
            attention_side(side, 32)
