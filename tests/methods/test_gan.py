"""The fully connected GAN: its networks, its moves, and that it learns points and asks nothing of their shape."""

import math
from typing import get_args

import pytest
import torch
from drive import HandDraw, count, play

from saddlepoint.config import field_help, from_json, to_json
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.losses.adversarial import Objective
from saddlepoint.methods.abilities import Samples, Sampling, by_label
from saddlepoint.methods.base import SGD, Adam
from saddlepoint.methods.gan.gan import GAN, PRESETS

SMALL = {"generator_widths": (16, 16), "critic_widths": (16,), "latent": 4}


def test_the_authors_networks_have_the_parameters_of_their_layers() -> None:
    settings = {name: value for name, value in PRESETS["goodfellow"].items() if name not in ("batch", "images")}
    nets = GAN(**settings).networks(DataSpec.of((1, 28, 28)))
    assert count(nets.generator) == 101 * 1200 + 1201 * 1200 + 1201 * 784
    assert count(nets.critic) == 785 * 1200 + 241 * 1200 + 241  # two maxout layers of 240 units with 5 pieces
    assert nets.generator.output.weight.abs().max() <= 0.05
    assert nets.critic.output.weight.abs().max() <= 0.005


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 8, 8), (3, 5, 7)])
def test_any_shape_is_made_and_judged(shape: tuple[int, ...]) -> None:
    method = GAN(**SMALL)
    nets = method.networks(DataSpec.of(shape))
    made = method.generate(nets, method.latents(nets, 6, seed=0))
    assert made.shape == (6, *shape)
    assert made.dtype == torch.float32
    assert nets.critic(made).shape == (6,)


def test_images_stay_in_range_and_points_do_not() -> None:
    for shape, bounded in (((1, 4, 4), True), ((2,), False)):
        nets = GAN(**SMALL).networks(DataSpec.of(shape))
        far = nets.generator(100 * torch.ones(3, 4)).abs().max().item()
        assert (far <= 1) == bounded


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_gives_both_players_a_move(objective: Objective) -> None:
    torch.manual_seed(0)
    method = GAN(objective=objective, **SMALL)
    nets = method.networks(DataSpec.of((2,)))
    for update in play(method, nets, HandDraw(torch.randn(8, 2))):
        gradients = [p.grad for p in nets.get_submodule(update.group).parameters()]
        assert all(g is not None and g.isfinite().all() for g in gradients)
        assert any(g.any() for g in gradients)


def test_a_critic_that_knows_nothing_loses_two_log_two() -> None:
    method = GAN(**SMALL)
    nets = method.networks(DataSpec.of((2,)))
    torch.nn.init.zeros_(nets.critic.output.weight)
    critic, generator = play(method, nets, HandDraw(torch.randn(8, 2)))
    assert [loss.item() for loss in critic.losses.values()] == pytest.approx([math.log(2)] * 2)
    assert generator.losses["fake"].item() == pytest.approx(math.log(2))


def test_each_critic_step_takes_new_data_and_new_noise() -> None:
    draw = HandDraw(torch.randn(8, 2))
    method = GAN(critic_steps=3, **SMALL)
    updates = list(play(method, method.networks(DataSpec.of((2,))), draw))
    assert [update.group for update in updates] == ["critic"] * 3 + ["generator"]
    assert draw.draws == 3
    assert len({update.losses["fake"].item() for update in updates[:3]}) == 3


def test_playing_moves_the_generator_to_where_the_points_are() -> None:
    torch.manual_seed(0)
    method = GAN(latent=2, generator_widths=(32,), critic_widths=(32,), prior="uniform")
    nets = method.networks(DataSpec.of((1,)))
    draw = HandDraw(0.3 * torch.randn(64, 1) + 2)
    for _ in range(300):
        list(play(method, nets, draw, lr=0.05))
    made = method.generate(nets, method.latents(nets, 500, seed=1))
    assert made.mean().item() == pytest.approx(2, abs=0.5)


def test_the_uniform_prior_stays_within_one_in_training_and_sampling() -> None:
    method = GAN(prior="uniform", **SMALL)
    drawn, asked = method.draw_latents(HandDraw(torch.zeros(1, 2)), 500), method.latents(torch.nn.Module(), 500, 0)
    for latents in (drawn, asked):
        assert -1 <= latents.min() < -0.95
        assert 0.95 < latents.max() <= 1


def test_a_sample_depends_on_its_own_latent_alone() -> None:
    method = GAN(critic_units="maxout", **SMALL)
    assert isinstance(method, Samples)
    nets = method.networks(DataSpec.of((1, 4, 4))).eval()
    latents = method.latents(nets, 9, seed=5)
    assert torch.equal(method.latents(nets, 100, seed=5)[:9], latents)
    assert torch.allclose(method.generate(nets, latents)[3], method.generate(nets, latents[3:4])[0], atol=1e-6)
    middle = method.generate(nets, latents, Sampling(truncation=0.0))
    assert torch.allclose(middle, middle[:1].expand_as(middle))


def test_a_label_is_refused() -> None:
    with pytest.raises(CapabilityError, match="without labels"):
        GAN().generate(torch.nn.Module(), torch.zeros(1, 100), by_label(torch.zeros(1)))


def test_optimisers_follow_the_settings() -> None:
    assert GAN(generator_lr=1e-3).optimisers()["generator"] == Adam("generator", lr=1e-3, betas=(0.5, 0.999))
    assert GAN(critic_optimiser="sgd", critic_lr=0.1, momentum=0.7).optimisers()["critic"] == SGD(
        "critic", lr=0.1, momentum=0.7
    )


def test_targets_that_do_not_fit_the_objective_are_refused_before_any_work() -> None:
    with pytest.raises(ConfigError, match="wasserstein has no targets"):
        GAN(objective="wasserstein", real_target=0.9)
    assert GAN(objective="least-squares", real_target=1, fake_target=-1, generator_target=0)


def test_settings_survive_json_and_each_has_a_sentence() -> None:
    method = GAN(objective="hinge", generator_widths=(8, 9, 10))
    assert from_json(GAN, to_json(method)) == method
    assert set(field_help(GAN)) >= set(to_json(method))
