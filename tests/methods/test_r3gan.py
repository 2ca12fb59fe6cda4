"""R3GAN: the authors' networks to the number, blocks that begin as the identity, the game, its schedules."""

import math
from itertools import pairwise

import pytest
import torch
from drive import HandDraw, count, play
from torch import nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.penalties import r1, r2
from saddlepoint.methods.base import Clock, Networks, at
from saddlepoint.methods.gan.r3gan import PRESETS, R3GAN
from saddlepoint.nn.backbones.r3gan import Block, Double, Halve

TINY = {"latent": 8, "width": 8, "blocks": 1, "group": 8, "augment": 0.5, "shape": (3, 16, 16)}


def tiny(shape: tuple[int, ...] = (1, 8, 8), **settings: object) -> tuple[R3GAN, Networks]:
    torch.manual_seed(0)
    method = R3GAN(**{"latent": 8, "width": 8, "blocks": 1, "group": 8, **settings})
    return method, method.networks(DataSpec.of(shape))


def woken(nets: Networks) -> Networks:
    """With blocks that no longer are the identity."""
    for module in nets.modules():
        if isinstance(module, Block):
            nn.init.normal_(module.narrow.weight, 0, 0.1)
    return nets


def preset(name: str) -> tuple[R3GAN, Networks]:
    row = {key: value for key, value in PRESETS[name].items() if key not in ("batch", "resolution")}
    method = R3GAN(**row)
    with torch.device("meta"):  # shapes alone
        return method, method.networks(DataSpec.of((3, PRESETS[name]["resolution"], PRESETS[name]["resolution"])))


def block(width: int, group: int) -> int:
    """Two 1x1 layers, one grouped 3x3 layer and two biases, twice as wide within."""
    return 2 * (2 * width * width) + 2 * width * group * 9 + 2 * (2 * width)


@pytest.mark.parametrize(
    ("name", "widths", "group"),
    [
        ("cifar10", [768] * 4, 16),
        ("ffhq64", [768] * 4 + [384], 16),
        ("ffhq256", [768] * 4 + [384, 192, 96], 16),
        ("imagenet32", [1536] * 4, 32),
        ("imagenet64", [1536] * 5, 32),
    ],
)
def test_the_presets_have_the_parameters_of_the_authors_networks(name: str, widths: list[int], group: int) -> None:
    _, nets = preset(name)
    blocks = sum(2 * block(width, group) for width in widths)
    changes = sum(one * other for one, other in pairwise(widths) if one != other)
    ends = 16 * widths[0] + 3 * widths[-1]
    assert count(nets.generator) == 64 * widths[0] + blocks + changes + ends
    assert count(nets.critic) == widths[0] + blocks + changes + ends


def test_a_block_begins_as_the_identity_and_has_biases_only_before_a_leaky_relu() -> None:
    layer = Block(8, 4, total=2)
    x = torch.randn(2, 8, 5, 5)
    assert torch.equal(layer(x), x)
    assert [name for name, _ in layer.named_parameters() if "bias" in name] == ["widen.bias", "mix.bias"]
    assert layer.mix.groups == 4
    assert layer.mix.weight.shape == (16, 4, 3, 3)


def test_first_weights_shrink_with_the_fourth_root_of_the_number_of_blocks() -> None:
    for total in (1, 16):
        layer = Block(64, 16, total=total)
        gain = math.sqrt(2 / 1.04) / total**0.25
        assert layer.widen.weight.std().item() == pytest.approx(gain / 64**0.5, rel=0.05)
        assert layer.mix.weight.std().item() == pytest.approx(gain / (16 * 9) ** 0.5, rel=0.05)


def test_halving_keeps_the_mean_and_doubling_halves_again_to_a_smooth_image() -> None:
    flat = torch.full((1, 2, 8, 8), 3.0)
    assert torch.allclose(Halve(2, 2)(flat)[..., 1:-1, 1:-1], flat[..., :2, :2])
    assert torch.allclose(Double(2, 2)(flat)[..., 1:-1, 1:-1], flat.repeat(1, 1, 2, 2)[..., 1:-1, 1:-1])
    point = torch.zeros(1, 1, 3, 3)
    point[..., 1, 1] = 16
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    assert torch.allclose(Double(1, 1)(point)[0, 0, 1:5, 1:5], torch.outer(row, row))
    wide = torch.zeros(1, 1, 4, 4)
    wide[..., 1, 1] = 64
    assert torch.equal(Halve(1, 1)(wide)[0, 0], torch.tensor([[9.0, 3.0], [3.0, 1.0]]))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (4, 64, 64), (2,), (5,)])
def test_any_power_of_two_from_eight_any_channels_and_points_work(shape: tuple[int, ...]) -> None:
    _, nets = tiny(shape, widths=(16,))
    made = nets.generator(torch.randn(2, 8))
    assert made.shape == (2, *shape)
    assert nets.critic(made).shape == (2,)


def test_other_sides_and_groups_that_do_not_divide_are_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match=r"not 28\. Use --resolution 16"):
        R3GAN().networks(DataSpec.of((1, 28, 28)))
    with pytest.raises(ConfigError, match="16 channels cannot be cut into groups of 32; use a --group"):
        tiny(group=32)


def test_images_are_float32_under_autocast_and_bounded_only_as_samples() -> None:
    method, nets = tiny()
    nn.init.constant_(nets.generator.image.weight, 5.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = nets.generator(torch.randn(4, 8))
    assert made.dtype == torch.float32
    assert made.abs().max() > 1
    assert method.generate(nets, torch.randn(4, 8)).abs().max() <= 1


def test_channels_last_changes_no_figure() -> None:
    _, nets = tiny((3, 16, 16))
    woken(nets)
    latents = torch.randn(4, 8)
    images = nets.generator(latents)
    logits = nets.critic(images)
    nets.to(memory_format=torch.channels_last)
    assert torch.allclose(nets.generator(latents), images, atol=1e-6)
    assert torch.allclose(nets.critic(images), logits, atol=1e-6)


def test_the_losses_are_those_of_pairs_with_both_penalties_at_half_of_gamma() -> None:
    method, nets = tiny(gamma=3.0)
    woken(nets)
    image = torch.rand(4, 1, 8, 8) * 2 - 1
    draw = HandDraw(image)
    with torch.no_grad():
        fakes = nets.generator(HandDraw(image).noise(4, 8))
        lead = nets.critic(image) - nets.critic(fakes)
    critic = next(play(method, nets, draw))
    assert critic.losses["pair"].item() == pytest.approx(F.softplus(-lead).mean().item(), rel=1e-5)
    assert critic.losses["r1"].item() == pytest.approx(3 * r1(nets.critic, image).item(), rel=1e-5)
    assert critic.losses["r2"].item() == pytest.approx(3 * r2(nets.critic, fakes).item(), rel=1e-5)
    (slope,) = torch.autograd.grad(nets.critic(image.requires_grad_()).sum(), image)
    assert critic.losses["r1"].item() == pytest.approx(1.5 * slope.square().sum().item() / 4, rel=1e-4)


def test_one_pass_of_the_critic_gives_the_loss_and_both_penalties() -> None:
    method, nets = tiny()
    sizes: list[int] = []
    nets.critic.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    next(play(method, nets, HandDraw(torch.rand(4, 1, 8, 8))))
    assert sizes == [8]


def test_each_player_sees_its_own_real_images_and_the_generator_wants_the_lead() -> None:
    method, nets = tiny()
    woken(nets)
    draw = HandDraw(torch.rand(4, 1, 8, 8) * 2 - 1)
    critic, generator = play(method, nets, draw)
    assert (critic.group, generator.group, draw.draws) == ("critic", "generator", 2)
    noise = HandDraw(draw.image)
    noise.noise(4, 8)
    with torch.no_grad():
        lead = nets.critic(nets.generator(noise.noise(4, 8))) - nets.critic(draw.image)
    assert generator.losses["pair"].item() == pytest.approx(F.softplus(-lead).mean().item(), rel=1e-5)


def test_rates_penalty_and_average_go_where_the_authors_take_them() -> None:
    method, _ = tiny(lr=2e-4, ema_images=5e5, decay_images=1000)
    begin, end = Clock(total=9), Clock(examples=1000, total=9)
    for optim in method.optimisers().values():
        assert [at(optim.lr, clock) for clock in (begin, end)] == pytest.approx([2e-4, 5e-5])
        assert [at(optim.betas[1], clock) for clock in (begin, end)] == pytest.approx([0.9, 0.99])
        assert optim.betas[0] == 0
    average = method.ema()
    assert average is not None
    assert [at(average.half_life, clock) for clock in (begin, end)] == pytest.approx([0, 5e5])
    assert average.ramp is None
    assert R3GAN(ema_images=0).ema() is None


def test_augmentation_rises_with_the_clock_and_each_penalty_is_on_the_image_before_it() -> None:
    method, nets = tiny(augment=0.4, decay_images=100)
    woken(nets)
    for images in (0, 25, 50, 75, 100):
        method.after_step(nets, {}, Clock(examples=images, fresh=25))
        wanted = 0.4 * (1 - math.cos(math.pi * min(images + 25, 100) / 100)) / 2
        assert nets.augment.p.item() == pytest.approx(wanted, abs=1e-6)
    image = torch.rand(4, 1, 8, 8) * 2 - 1
    critic = next(play(method, nets, HandDraw(image)))
    stream = HandDraw(image)
    stream.noise(4, 8)
    chance = stream.uniform(4, 13, 3)
    seen = image.requires_grad_()
    (slope,) = torch.autograd.grad(nets.critic(nets.augment(seen, chance)).sum(), seen)
    assert not torch.equal(nets.augment(seen, chance), seen)
    assert critic.losses["r1"].item() == pytest.approx(slope.square().sum().item() / 8, rel=1e-4)
    with pytest.raises(ConfigError, match="points cannot be turned"):
        tiny((2,), augment=0.4)


def test_without_decay_images_the_schedules_last_the_whole_run() -> None:
    optim = R3GAN(lr=4.0).optimisers()["critic"]
    assert at(optim.lr, Clock(examples=50, total=100)) == pytest.approx(2.5)
    assert at(optim.lr, Clock(examples=100, total=100)) == pytest.approx(1.0)


def test_the_penalty_falls_to_a_tenth() -> None:
    method, nets = tiny(gamma=1.0, decay_images=100)
    image = torch.rand(4, 1, 8, 8)
    terms = [next(iter(method.train_step(nets, HandDraw(image), Clock(examples=n)))).losses["r1"] for n in (0, 100)]
    assert terms[1].item() == pytest.approx(terms[0].item() / 10)
