"""WGAN-GP: its penalty in its place, its networks to the number, no batch norm where the slope is taken."""

from pathlib import Path

import pytest
import torch
from drive import HandDraw, count, play
from torch import nn

from games import StopAt, trainer, weights
from saddlepoint.checkpoint import files
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.wgan_gp import PRESETS, WGANGP
from saddlepoint.nn.backbones.resnet_gan import ResNetCritic, ResNetGenerator

TINY = {"latent": 8, "width": 8}
POINTS = WGANGP(latent=2, widths=(16, 16))


def conv(inputs: int, outputs: int, side: int = 3) -> int:
    return outputs * (inputs * side**2 + 1)


def test_the_cifar_networks_have_the_parameters_of_their_layers() -> None:
    nets = WGANGP().networks(DataSpec.of((3, 32, 32)))
    up = 2 * 2 * 128 + 2 * conv(128, 128) + conv(128, 128, 1)
    assert count(nets.generator) == 129 * 2048 + 3 * up + 2 * 128 + conv(128, 3) == 1_204_483
    first = conv(3, 128) + conv(128, 128) + conv(3, 128, 1)
    down = 2 * conv(128, 128) + conv(128, 128, 1)
    assert count(nets.critic) == first + down + 4 * conv(128, 128) + 128 == 1_053_824


def test_the_64_pixel_generator_starts_at_512_maps_and_ends_at_64() -> None:
    generator = ResNetGenerator(128, 3, 64, 64, cap=8)
    assert generator.project.out_features == 16 * 512
    assert [block.conv1.out_channels for block in generator.blocks] == [512, 256, 128, 64]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (2, 64, 64)])
@pytest.mark.parametrize("layers", ["residual", "dcgan"])
def test_any_power_of_two_from_eight_and_any_channels_work(shape: tuple[int, int, int], layers: str) -> None:
    nets = WGANGP(layers=layers, **TINY).networks(DataSpec.of(shape))
    images = nets.generator(torch.randn(2, 8))
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert nets.critic(images).shape == (2,)


def test_another_side_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="Use --resolution 16"):
        WGANGP().networks(DataSpec.of((1, 28, 28)))


@pytest.mark.parametrize("settings", [{}, {"layers": "dcgan"}, {"critic_norm": "layer"}])
def test_a_critics_output_depends_on_its_own_image_alone(settings: dict[str, str]) -> None:
    critic = WGANGP(**TINY, **settings).networks(DataSpec.of((1, 16, 16))).critic.train()
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in critic.modules())
    images = torch.randn(4, 1, 16, 16)
    assert torch.allclose(critic(images)[1:2], critic(images[1:2]), atol=1e-5)


def test_layer_norm_stands_before_all_relus_but_the_first_blocks() -> None:
    critic = ResNetCritic(3, 32, 8, norm="layer")
    assert sum(isinstance(module, nn.GroupNorm) for module in critic.modules()) == 2 * 3 + 1


def test_the_penalty_is_weighted_and_stands_beside_the_distance() -> None:
    torch.manual_seed(0)
    nets = POINTS.networks(DataSpec.of((2,)))
    real = torch.randn(8, 2)
    update = next(play(POINTS, nets, HandDraw(real, seed=1)))
    draw = HandDraw(real, seed=1)
    fake = nets.generator(draw.noise(8, 2)).detach()
    assert update.losses["real"].item() == pytest.approx(-nets.critic(real).mean().item())
    assert update.losses["fake"].item() == pytest.approx(nets.critic(fake).mean().item())
    wanted = 10 * gradient_penalty(nets.critic, real, fake, draw.uniform(8))
    assert update.losses["penalty"].item() == pytest.approx(wanted.item(), rel=1e-5)
    estimate = -update.losses["real"] - update.losses["fake"]
    assert update.watch["wasserstein"].item() == pytest.approx(estimate.item(), abs=1e-6)


def test_a_critic_step_raises_the_estimate_of_the_distance() -> None:
    torch.manual_seed(0)
    method = WGANGP(latent=2, widths=(16, 16), critic_steps=2, penalty=0.0)
    nets = method.networks(DataSpec.of((2,)))
    draw = HandDraw(torch.randn(64, 2) + 3)
    draw.noise = lambda n, *shape: torch.zeros(n, *shape)  # the same fakes each time
    before, after = (u.watch["wasserstein"] for u in play(method, nets, draw, lr=0.01) if u.group == "critic")
    assert after > before


def test_each_critic_step_takes_new_data_and_new_noise() -> None:
    draw = HandDraw(torch.randn(8, 2))
    updates = list(play(POINTS, POINTS.networks(DataSpec.of((2,))), draw))
    assert [update.group for update in updates] == ["critic"] * 5 + ["generator"]
    assert draw.draws == 5
    assert len({update.losses["fake"].item() for update in updates[:5]}) == 5


def test_the_critics_steps_may_begin_many_and_end_equal() -> None:
    method = WGANGP(latent=2, widths=(16, 16), first_critic_steps=5, critic_steps=1)
    nets = method.networks(DataSpec.of((2,)))
    for images, wanted in {0: 5, 12: 5, 13: 4, 37: 4, 50: 3, 75: 2, 87: 2, 88: 1, 100: 1}.items():
        draw = HandDraw(torch.randn(8, 2))
        groups = [update.group for update in method.train_step(nets, draw, Clock(examples=images, total=100))]
        assert groups == ["critic"] * wanted + ["generator"]
        assert draw.draws == wanted


def test_a_run_with_fewer_and_fewer_critic_steps_resumes_to_the_bit(tmp_path: Path) -> None:
    def make(*hooks: Hook) -> Trainer:
        method = WGANGP(latent=2, widths=(16, 16), first_critic_steps=4, critic_steps=1)
        return trainer(method, examples=32, hooks=hooks)

    straight, half, resumed = make(), make(StopAt(2)), make()
    straight.fit(), half.fit()
    assert (half.position, straight.position) == (4 + 3, 4 + 3 + 2 + 2)
    resumed.restore(*files.read(files.write(tmp_path, 2, *half.state())))
    resumed.fit()
    assert resumed.position == straight.position
    found = weights(resumed)
    assert [name for name, value in weights(straight).items() if not torch.equal(value, found[name])] == []


def test_the_toy_preset_has_the_authors_weight_and_networks() -> None:
    row = PRESETS["toy"]
    nets = WGANGP(latent=row["latent"], widths=row["widths"]).networks(DataSpec.of((2,)))
    assert count(nets.generator) == 3 * 512 + 2 * 513 * 512 + 513 * 2
    assert count(nets.critic) == 3 * 512 + 2 * 513 * 512 + 512
    assert row["penalty"] == 0.1
