"""DCGAN: the papers' networks to the number, where batch norm stands, first weights, its game."""

import math
from typing import get_args

import pytest
import torch
from drive import HandDraw, count, play
from torch import nn

from saddlepoint.config import field_help, from_json, to_json
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective
from saddlepoint.methods.base import Adam, Ema, Networks
from saddlepoint.methods.gan.dcgan import DCGAN, PRESETS
from saddlepoint.nn.backbones.dcgan import smallest, widths

RUN_AND_DATA = ("batch", "images", "resolution", "flip")


def preset(name: str) -> tuple[DCGAN, Networks]:
    row = PRESETS[name]
    method = DCGAN(**{key: value for key, value in row.items() if key not in RUN_AND_DATA})
    return method, method.networks(DataSpec.of((3, row["resolution"], row["resolution"])))


def tiny(shape: tuple[int, int, int] = (1, 8, 8), **settings: object) -> tuple[DCGAN, Networks]:
    torch.manual_seed(0)
    method = DCGAN(latent=8, generator_width=8, critic_width=8, **settings)
    return method, method.networks(DataSpec.of(shape))


def test_channels_double_with_each_halving_to_eight_times_the_first() -> None:
    assert widths(8, 64) == [64, 128]  # down to 2x2
    assert widths(16, 64) == [64, 128]
    assert widths(32, 64) == [64, 128, 256]
    assert widths(64, 128) == [128, 256, 512, 1024]
    assert widths(256, 64) == [64, 128, 256, 512, 512, 512]


def test_the_port_has_the_parameters_of_its_layers() -> None:
    _, nets = preset("port")
    inner = 16 * (512 * 256 + 256 * 128 + 128 * 64)
    assert count(nets.generator) == 100 * 8192 + inner + 16 * 64 * 3 + 2 * (512 + 256 + 128 + 64) == 3_576_704
    assert count(nets.critic) == 16 * 3 * 64 + inner + 8192 + 2 * (512 + 256 + 128) == 2_765_568


def test_the_authors_networks_have_the_parameters_of_their_layers() -> None:
    method, nets = preset("authors")
    inner = 25 * (1024 * 512 + 512 * 256 + 256 * 128)
    assert count(nets.generator) == 100 * 16384 + inner + 25 * 128 * 3 + 2 * (1024 + 512 + 256 + 128)
    assert count(nets.critic) == 25 * 3 * 128 + inner + 16384 + 2 * (1024 + 512 + 256)
    assert method.ema() is None
    assert method.optimisers()["critic"] == Adam("critic", lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-5)


def test_the_32_pixel_form_starts_at_512_and_ends_at_256_channels() -> None:
    _, nets = preset("32")
    seen: list[tuple[int, ...]] = []
    for layer in [*nets.generator.modules(), *nets.critic.modules()]:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[1:])))
    nets.critic(nets.generator(torch.randn(2, 100)))
    assert nets.generator.project.out_features == 16 * 512
    assert seen == [(256, 8, 8), (128, 16, 16), (3, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]


def test_batch_norm_follows_all_layers_but_the_generators_last_and_the_critics_first_and_last() -> None:
    _, nets = tiny((1, 32, 32))

    def kinds(network: nn.Module) -> list[str]:
        return [type(m).__name__ for m in network.modules() if not list(m.children())]

    up, down = ["ConvTranspose2d", "BatchNorm2d", "ReLU"], ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert kinds(nets.generator) == ["Linear", "BatchNorm2d", "ReLU", *up, *up, "ConvTranspose2d"]
    assert kinds(nets.critic) == ["Conv2d", "LeakyReLU", *down, *down, "Linear"]


def test_first_weights_are_normal_with_the_papers_spread() -> None:
    _, nets = preset("port")
    for layer in nets.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        elif isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.01)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.35)
            assert not layer.bias.any()


def test_images_of_8x8_come_from_2x2_maps_and_all_others_from_4x4() -> None:
    assert [smallest(side) for side in (8, 16, 64, 512)] == [2, 4, 4, 4]
    _, nets = tiny((1, 8, 8))
    assert nets.generator.project.out_features == 2 * 2 * 16
    assert nets.critic.output.in_features == 2 * 2 * 16


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (4, 64, 64)])
def test_any_power_of_two_from_eight_and_any_channels_work(shape: tuple[int, int, int], kernel: int) -> None:
    _, nets = tiny(shape, kernel=kernel)
    images = nets.generator(torch.randn(2, 8))
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert nets.critic(images).shape == (2,)


@pytest.mark.parametrize(("side", "offered"), [(4, 8), (28, 16), (100, 64)])
def test_other_sides_are_refused_with_one_that_works(side: int, offered: int) -> None:
    with pytest.raises(ConfigError, match=f"not {side}. Use --resolution {offered}"):
        DCGAN().networks(DataSpec.of((3, side, side)))


def test_images_are_float32_under_autocast() -> None:
    _, nets = tiny()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nets.generator(torch.randn(4, 8)).dtype == torch.float32


def test_channels_last_changes_no_figure_and_stays_on_from_the_first_layer() -> None:
    _, nets = tiny((3, 16, 16))
    latents = torch.randn(4, 8)
    nets.eval()
    images, logits = nets.generator(latents), nets.critic(nets.generator(latents))
    nets.to(memory_format=torch.channels_last)
    last = nets.generator(latents)
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(last, images, atol=1e-6)
    assert torch.allclose(nets.critic(last), logits, atol=1e-6)


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_moves_every_weight_of_both_players(objective: Objective) -> None:
    method, nets = tiny(objective=objective)
    groups = []
    for update in play(method, nets, HandDraw(torch.rand(8, 1, 8, 8) * 2 - 1)):
        groups.append(update.group)
        for name, parameter in nets.get_submodule(update.group).named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all()
            assert parameter.grad.any(), name
    assert groups == ["critic", "generator"]


def test_the_critics_turn_leaves_the_generator_without_gradients_and_the_other_way_round() -> None:
    method, nets = tiny()
    for update in play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8))):
        idle = "generator" if update.group == "critic" else "critic"
        assert all(p.grad is None for p in nets.get_submodule(idle).parameters())


def test_both_players_see_the_same_fakes_and_the_generator_runs_once() -> None:
    method, nets = tiny()
    seen: list[torch.Tensor] = []
    nets.generator.register_forward_hook(lambda module, inputs, output: seen.append(output))
    nets.critic.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    list(play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8))))
    made, _, judged, again = seen
    assert again is made
    assert torch.equal(judged, made)
    assert not judged.requires_grad


def test_the_smoothed_loss_of_an_ignorant_critic_is_log_two_a_side() -> None:
    method, nets = tiny(real_target=0.9)
    nn.init.zeros_(nets.critic.output.weight)
    critic, generator = play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8)))
    losses = [*critic.losses.values(), *generator.losses.values()]
    assert [loss.item() for loss in losses] == pytest.approx([math.log(2)] * 3)


def test_the_critic_learns_to_tell_real_from_fake() -> None:
    method, nets = tiny()
    draw = HandDraw(torch.ones(8, 1, 8, 8))
    leads = []
    for _ in range(10):
        critic, _ = play(method, nets, draw, lr=0.05)
        leads.append((critic.watch["real_logit"] - critic.watch["fake_logit"]).item())
    assert leads[-1] > leads[0] + 0.1


def test_samples_do_not_depend_on_their_company_or_on_the_batch_size() -> None:
    method, nets = tiny()
    list(play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8))))
    nets.eval()
    latents = method.latents(nets, 70, seed=3)
    images = method.generate(nets, latents)
    assert torch.allclose(images[69:], method.generate(nets, latents[69:]), atol=1e-6)
    assert torch.equal(method.latents(nets, 3, seed=3), latents[:3])


def test_the_average_is_the_generators_and_zero_turns_it_off() -> None:
    assert DCGAN(ema_images=5000).ema() == Ema(("generator",), half_life=5000)
    assert DCGAN(ema_images=0).ema() is None


def test_settings_survive_json_and_each_has_a_sentence() -> None:
    method = DCGAN(kernel=5, objective="hinge")
    assert from_json(DCGAN, to_json(method)) == method
    assert set(field_help(DCGAN)) >= set(to_json(method))
