"""ProGAN: growth exact at both ends, the schedule, sleeping weights, the loss with drift."""

import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Networks, Stage
from saddlepoint.methods.gan.progan import PRESETS, ProGAN
from saddlepoint.nn.backbones.progressive import Grows, ProgressiveCritic, ProgressiveGenerator, maps_at

TINY = {
    "shape": (3, 8, 8),
    "latent": 8,
    "base": 32,
    "most": 8,
    "last_side": 8,
    "steady_images": 8,
    "fade_images": 16,
}


def tiny() -> tuple[ProGAN, Networks]:
    torch.manual_seed(0)
    method = ProGAN(**{name: value for name, value in TINY.items() if name != "shape"})
    return method, method.networks(DataSpec.of((1, 8, 8)))


def generator() -> ProgressiveGenerator:
    torch.manual_seed(0)
    return ProgressiveGenerator(6, 3, 16, 64, 8)


def critic(blur: bool = False) -> ProgressiveCritic:
    torch.manual_seed(0)
    return ProgressiveCritic(3, 16, 64, 8, group=4, blur=blur)


def awake(network: Grows, level: int, alpha: float) -> Grows:
    network.wake(level, alpha)
    return network


@pytest.mark.parametrize("level", [1, 2])
def test_at_alpha_zero_the_generator_is_exactly_the_level_before_doubled(level: int) -> None:
    network, latent = generator(), torch.randn(3, 6)
    before = awake(network, level - 1, 1.0)(latent)
    assert torch.equal(awake(network, level, 0.0)(latent), nn.functional.interpolate(before, scale_factor=2.0))


@pytest.mark.parametrize("blur", [False, True])
@pytest.mark.parametrize("level", [1, 2])
def test_at_alpha_zero_the_critic_is_exactly_the_level_before_on_the_halved_image(level: int, blur: bool) -> None:
    network, image = critic(blur), torch.randn(4, 3, 4 << level, 4 << level)
    before = awake(network, level - 1, 1.0)(nn.functional.avg_pool2d(image, 2))
    assert torch.equal(awake(network, level, 0.0)(image), before)


def test_a_critic_judges_larger_images_by_their_means() -> None:
    network, image = awake(critic(), 1, 0.5), torch.randn(4, 3, 16, 16)
    assert torch.equal(network(image), network(nn.functional.avg_pool2d(image, 2)))


def test_at_alpha_one_the_old_image_layers_count_no_more() -> None:
    for network, shown in ((generator(), torch.randn(3, 6)), (critic(), torch.randn(4, 3, 8, 8))):
        new = awake(network, 1, 1.0)(shown)
        nearly = awake(network, 1, 1 - 1e-6)(shown)
        torch.testing.assert_close(new, nearly, rtol=1e-4, atol=1e-4)
        nn.init.zeros_(network.images[0].weight)
        assert torch.equal(awake(network, 1, 1.0)(shown), new)


def test_what_sleeps_gets_no_gradient_and_growing_changes_no_weight() -> None:
    network = critic()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    awake(network, 0, 1.0)(torch.randn(4, 3, 4, 4)).sum().backward()
    moved = {name.split(".")[0] for name, weight in network.named_parameters() if weight.grad is not None}
    assert moved == {"images", "conv", "dense", "output"}
    assert network.blocks[0].conv1.weight.grad is None
    assert all(torch.equal(value, before[name]) for name, value in awake(network, 2, 0.5).state_dict().items())


def test_channels_and_parameters_are_the_papers() -> None:
    assert [maps_at(level, 16_384, 512) for level in range(9)] == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    with torch.device("meta"):
        count = sum(p.numel() for p in ProgressiveGenerator(512, 3, 1024, 16_384, 512).parameters())
        judged = sum(p.numel() for p in ProgressiveCritic(3, 1024, 16_384, 512, group=4).parameters())
    assert (count / 1e6, judged / 1e6) == pytest.approx((23.1, 23.1), abs=0.06)  # table 2


def test_pixels_have_mean_square_one_before_the_image_layer() -> None:
    network = generator()
    seen: list[torch.Tensor] = []
    network.images[2].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.randn(3, 6))
    torch.testing.assert_close(seen[0].square().mean(1), torch.ones(3, 16, 16), rtol=1e-4, atol=1e-4)


def test_each_side_after_the_first_is_faded_in_and_then_trained() -> None:
    method = ProGAN(first_side=4, last_side=16, fade_images=100, steady_images=300, batches=(32, 16, 8))
    both = ("generator", "critic")
    assert method.stages() == (
        Stage(examples=300, resolution=4, batch=32),
        Stage(examples=100, resolution=8, batch=16, fresh=both),
        Stage(examples=300, resolution=8, batch=16, fresh=both),
        Stage(examples=100, resolution=16, batch=8, fresh=both),
        Stage(examples=300, resolution=16, batch=8, fresh=both),
    )
    growths = [method.growth(Clock(stage=1, stage_examples=shown)) for shown in (0, 25, 100)]
    assert growths == [(1, 0), (1, 0.25), (1, 1)]
    assert method.growth(Clock(stage=4, stage_examples=7)) == (2, 1.0)


def test_rates_rise_with_the_side_unless_told_not_to() -> None:
    method = ProGAN(first_side=64, last_side=1024)
    assert [stage.lr_scale for stage in method.stages()][::2] == [1, 1.5, 2, 3, 3]
    assert {stage.lr_scale for stage in ProGAN(last_side=1024, rising_rate=False).stages()} == {1.0}


def test_real_images_are_as_blurred_as_the_generators_can_be() -> None:
    method, _ = tiny()
    image = torch.rand(2, 1, 8, 8)
    blurred = nn.functional.interpolate(nn.functional.avg_pool2d(image, 2), scale_factor=2.0)
    assert torch.equal(method.faded_reals(image, Clock(stage=1)), blurred)
    half = method.faded_reals(image, Clock(stage=1, stage_examples=8))
    torch.testing.assert_close(half, (image + blurred) / 2)
    assert method.faded_reals(image, Clock(stage=2)) is image


def test_the_critic_pays_for_large_outputs_on_real_images() -> None:
    method, nets = tiny()
    method.set_phase(nets, Clock())
    nn.init.zeros_(nets.critic.output.weight)
    nn.init.constant_(nets.critic.output.bias, 3.0)
    judged, _ = method.train_step(nets, HandDraw(torch.rand(4, 1, 4, 4)), Clock())
    assert judged.losses["drift"].item() == pytest.approx(1e-3 * 9)
    assert judged.losses["penalty"].item() == pytest.approx(10.0)  # a flat critic's slope is 0, one short of 1


def test_sides_that_do_not_fit_are_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--last-side 32 or --resolution 8"):
        tiny()[0].networks(DataSpec.of((3, 32, 32)))
    with pytest.raises(ConfigError, match="4, 8, 16 and so on"):
        ProGAN(first_side=12)
    with pytest.raises(ConfigError, match="needs 4 numbers"):
        ProGAN(batches=(16, 8))


def test_the_presets_have_a_batch_for_every_side() -> None:
    assert {len(row["batches"]) for name, row in PRESETS.items() if name != "small"} == {9}
