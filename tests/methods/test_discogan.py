"""DiscoGAN: whose turn it is, and its weights by hand."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.features import mean_feature_distance
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.discogan import DiscoGAN

TINY = {"width": 2, "critic_every": 1, "shape": (3, 16, 16)}


def game(clock: Clock, **settings: Any) -> tuple[Any, UnpairedBatch, list[Any]]:
    torch.manual_seed(0)
    method = DiscoGAN(width=2, **settings)
    nets = method.networks(DataSpec.of((1, 16, 16)))
    batch = UnpairedBatch(*torch.rand(2, 4, 1, 16, 16) * 2 - 1)
    return nets, batch, list(method.train_step(nets, HandDraw(batch), clock))  # type: ignore[arg-type]


def test_the_critics_learn_in_one_of_three_steps_and_the_generators_in_the_others() -> None:
    groups = [[update.group for update in game(Clock(step=step))[2]] for step in range(4)]
    assert groups == [["critics"], ["generators"], ["generators"], ["critics"]]
    assert [update.group for update in game(Clock(), critic_every=1)[2]] == ["generators", "critics"]


@pytest.mark.parametrize(("step", "share"), [(1, 0.1), (100, 0.7)])
def test_there_and_back_weighs_more_later(step: int, share: float) -> None:
    nets, batch, moves = game(Clock(step=step), early=0.1, late=0.7, late_from=50, features=0.75, cycle=2)
    fake = nets.a2b(batch.a)
    maps, aim = nets.critic_b.maps(fake), nets.critic_b.maps(batch.b)
    losses = moves[0].losses
    far = mean_feature_distance(aim[1:-1], maps[1:-1]).item()
    assert losses["features_b"].item() == pytest.approx((1 - share) * 0.75 * far, rel=1e-4)
    back = (nets.b2a(fake) - batch.a).square().mean().item()
    assert losses["cycle_a"].item() == pytest.approx(share * 2 * back, rel=1e-3)


def test_what_is_of_the_wanted_kind_already_stays_where_that_is_asked_for() -> None:
    nets, batch, moves = game(Clock(step=1), identity=3.0)
    same = (nets.b2a(batch.a) - batch.a).abs().mean().item()
    assert moves[0].losses["identity_a"].item() == pytest.approx(3 * same, rel=1e-3)
    assert "identity_a" not in game(Clock(step=1))[2][0].losses


def test_the_rate_falls_where_that_is_asked_for() -> None:
    rate = DiscoGAN(decay_after=0.5, lr=1.0).optimisers()["critics"].lr
    assert rate(Clock(examples=75, total=100)) == pytest.approx(0.5)  # type: ignore[operator]


def test_mean_maps_are_compared_and_not_maps() -> None:
    one = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    assert mean_feature_distance([one], [one.flip(0)]).item() == 0
    assert mean_feature_distance([one], [one + 2]).item() == pytest.approx(4)


def test_two_halvings_keep_where_things_are() -> None:
    nets = DiscoGAN(width=2, halvings=2).networks(DataSpec.of((3, 16, 16)))
    assert nets.a2b.layers[:4](torch.zeros(2, 3, 16, 16)).shape == (2, 4, 4, 4)
    assert nets.critic_a(torch.zeros(2, 3, 16, 16)).shape == (2, 1)
    with pytest.raises(ConfigError, match="--halvings 2 or more"):
        DiscoGAN(halvings=1)
    with pytest.raises(ConfigError, match="fewer --halvings"):
        DiscoGAN().networks(DataSpec.of((3, 24, 24)))
