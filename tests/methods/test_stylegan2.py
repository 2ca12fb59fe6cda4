"""StyleGAN2: who moves when, the strength of lazy terms, side state, mixing, truncation, noise, presets."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.abilities import Sampling, by_label
from saddlepoint.methods.base import Adam, Clock, Ema, Networks, Update
from saddlepoint.methods.gan.stylegan2 import PRESETS, StyleGAN2

TINY = {"shape": (3, 8, 8), "latent": 8, "style": 8, "base": 32, "most": 8}


def tiny(channels: int = 1, **settings: Any) -> tuple[StyleGAN2, Networks]:
    torch.manual_seed(0)
    method = StyleGAN2(latent=8, style=8, base=32, most=8, **settings)
    return method, method.networks(DataSpec.of((channels, 8, 8)))


def play(method: StyleGAN2, nets: Networks, step: int = 0, n: int = 8) -> Iterator[Update]:
    draw = HandDraw(torch.rand(n, 1, 8, 8) * 2 - 1)
    return method.train_step(nets, draw, Clock(step=step, fresh=n))


def test_the_generator_moves_first_and_regularisers_follow_their_player_on_their_steps() -> None:
    def moves(step: int) -> list[tuple[str, list[str]]]:
        return [(update.group, list(update.losses)) for update in play(*tiny(), step=step)]

    plain = [("generator", ["fake"]), ("critic", ["real", "fake"])]
    assert moves(1) == plain
    assert moves(4) == [plain[0], ("generator", ["path"]), plain[1]]
    assert moves(16) == [plain[0], ("generator", ["path"]), plain[1], ("critic", ["r1"])]


def test_without_its_weight_there_is_no_path_length_term() -> None:
    assert [list(update.losses) for update in play(*tiny(path_weight=0.0))] == [["fake"], ["real", "fake"], ["r1"]]


def test_r1_counts_as_often_as_it_is_left_out_and_its_weight_follows_the_authors_rule() -> None:
    method, nets = tiny(r1_every=8)
    draw = HandDraw(torch.rand(8, 1, 8, 8))
    *_, last = method.train_step(nets, draw, Clock(fresh=8))
    wanted = 8 * (2e-4 * 8**2 / 8) * r1(nets.critic, draw.image)
    torch.testing.assert_close(last.losses["r1"], wanted)
    *_, last = tiny(r1_weight=3.0)[0].train_step(nets, draw, Clock(fresh=8))
    torch.testing.assert_close(last.losses["r1"], 16 * 3 * r1(nets.critic, draw.image))


def test_the_slope_of_r1_is_that_of_images_before_they_are_augmented() -> None:
    method, nets = tiny()
    nets.augment.p.fill_(0.7)
    *_, last = play(method, nets)
    last.losses["r1"].backward()
    assert last.losses["r1"] > 0
    assert nets.critic.from_image.weight.grad.abs().sum() > 0


def test_fakes_are_augmented_for_both_players_and_gradients_pass_to_the_generator() -> None:
    method, nets = tiny(path_weight=0.0)
    nets.augment.p.fill_(0.9)
    shown: list[torch.Tensor] = []
    nets.augment.register_forward_hook(lambda module, inputs, output: shown.append(output - inputs[0]))
    generator, *_ = play(method, nets)
    generator.losses["fake"].backward()
    assert nets.generator.synthesis.constant.grad.abs().sum() > 0
    assert len(shown) == 4  # fake; fake, real; real under R1
    assert all(change.abs().amax((1, 2, 3)).gt(1e-3).any() for change in shown)


def test_optimisers_are_corrected_for_the_lazy_terms() -> None:
    wanted = {name: Adam(name, lr=2.5e-3, betas=(0.0, 0.99), lazy=k) for name, k in (("generator", 4), ("critic", 16))}
    assert StyleGAN2().optimisers() == wanted


def report(**figures: float) -> dict[str, torch.Tensor]:
    known = {"critic/sign": 0.0, **{name.replace("_", "/", 1): value for name, value in figures.items()}}
    return {"generator/style": torch.ones(8), **{name: torch.tensor(value) for name, value in known.items()}}


def test_side_state_moves_once_a_step_and_the_path_mean_only_when_measured() -> None:
    method, nets = tiny()
    method.after_step(nets, report(), Clock(step=1, fresh=8))
    assert nets.generator.mapping.average.tolist() == pytest.approx([0.005] * 8)
    assert nets.path_mean.value == 0
    method.after_step(nets, report(generator_path_length=2.0), Clock(step=4, fresh=8))
    assert nets.path_mean.value.item() == pytest.approx(0.02)


def test_augmentation_grows_every_fourth_step_by_the_images_shown_since() -> None:
    method, nets = tiny()
    seen = []
    for step in range(8):
        method.after_step(nets, report(critic_sign=0.9), Clock(step=step, fresh=64))
        seen.append(nets.augment.p.item())
    assert seen == pytest.approx([0, 0, 0, 256 / 500_000] + 3 * [256 / 500_000] + [512 / 500_000])


def test_without_a_target_nothing_is_augmented() -> None:
    method, nets = tiny(augment_target=0.0)
    for step in range(8):
        method.after_step(nets, report(critic_sign=1.0), Clock(step=step, fresh=64))
    assert nets.augment.p == 0


def test_mixing_takes_the_finer_layers_from_a_second_latent_at_one_place_for_all() -> None:
    method, nets = tiny(mixing=1.0)
    styles, mean = method.draw_styles(nets, HandDraw(torch.zeros(0)), 6)
    assert styles.shape == (6, 4, 8)
    same = [torch.equal(styles[:, layer], styles[:, 0]) for layer in range(4)]
    assert same[0]
    assert not same[3]
    assert same == sorted(same, reverse=True)
    torch.testing.assert_close(mean, styles[:, 0].mean(0))
    alike, _ = tiny(mixing=0.0)[0].draw_styles(nets, HandDraw(torch.zeros(0)), 6)
    assert torch.equal(alike[:, 0], alike[:, 3])


def test_a_latents_noise_is_its_own_and_constant_noise_is_one_for_all() -> None:
    method, nets = tiny()
    nets.eval()
    for layer in nets.generator.synthesis.layers:
        nn.init.ones_(layer.strength)
    latents = method.latents(nets, 6, seed=3)
    images = method.generate(nets, latents)
    torch.testing.assert_close(method.generate(nets, latents[4:]), images[4:])
    still = method.generate(nets, latents, Sampling(noise="constant"))
    assert not torch.allclose(images, still)
    torch.testing.assert_close(method.generate(nets, latents[4:], Sampling(noise="constant")), still[4:])


def test_full_truncation_gives_one_image_and_images_stay_in_range() -> None:
    method, nets = tiny()
    images = method.generate(nets, method.latents(nets, 4, seed=1), Sampling(truncation=0.0, noise="constant"))
    torch.testing.assert_close(images[1:], images[:1].expand(3, -1, -1, -1))
    assert method.generate(nets, 100 * method.latents(nets, 4, seed=1)).abs().max() <= 1


def test_a_label_and_a_side_that_does_not_halve_are_refused() -> None:
    method, nets = tiny()
    with pytest.raises(CapabilityError, match="without labels"):
        method.generate(nets, torch.zeros(1, 8), by_label(torch.tensor([0])))
    with pytest.raises(ConfigError, match="side must be 8, 16"):
        method.networks(DataSpec.of((3, 24, 24)))


def test_the_average_has_the_ramp_of_the_preset() -> None:
    assert StyleGAN2().ema() == Ema(("generator",), half_life=10_000, ramp=0.05)
    assert StyleGAN2(ema_ramp=False, ema_images=20_000).ema() == Ema(("generator",), half_life=20_000, ramp=None)
    assert StyleGAN2(ema_images=0).ema() is None


def test_the_authors_bound_the_augmentation_from_below_alone() -> None:
    assert StyleGAN2().augment_most == 0.8
    assert {row["augment_most"] for name, row in PRESETS.items() if name != "small"} == {None}
