"""The MNIST case study: its layers to the number, its smoothed and halved loss."""

import math

import pytest
import torch
from drive import HandDraw, count, play

from saddlepoint.config import field_help, from_json, to_json
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.gan.mnist_gan import MNISTGAN

MNIST = DataSpec.of((1, 28, 28))


def test_layers_have_the_parameters_of_the_case_study() -> None:
    nets = MNISTGAN().networks(MNIST)
    generator, critic = nets.generator, nets.critic
    assert count(generator.project) == 633_472  # 100 x 6,272 + 6,272
    assert count(generator) == 633_472 + (128 * 64 * 25 + 64) + 2 * 64 + (64 * 25 + 1)
    assert count(critic) == (64 * 25 + 64) + (64 * 128 * 25 + 128) + 2 * 128 + (6_272 + 1)


def test_maps_go_from_seven_to_fourteen_to_twenty_eight_and_back() -> None:
    nets = MNISTGAN().networks(MNIST)
    seen: list[tuple[int, ...]] = []
    for layer in (nets.generator.up, nets.generator.output, nets.critic.first, nets.critic.second):
        layer.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[1:])))
    assert nets.critic(nets.generator(torch.randn(2, 100))).shape == (2,)
    assert seen == [(64, 14, 14), (1, 28, 28), (64, 14, 14), (128, 7, 7)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 12, 12)])
def test_other_sides_that_four_divides_and_colour_work_too(shape: tuple[int, ...]) -> None:
    nets = MNISTGAN().networks(DataSpec.of(shape))
    assert nets.generator(torch.randn(2, 100)).shape == (2, *shape)


def test_a_side_that_four_does_not_divide_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="not divisible by 4"):
        MNISTGAN().networks(DataSpec.of((1, 30, 30)))


def test_batch_norm_keeps_the_stated_share_of_its_old_statistics() -> None:
    generator = MNISTGAN(bn_decay=0.8).networks(MNIST).generator
    seen: list[torch.Tensor] = []
    generator.up.register_forward_hook(lambda module, inputs, output: seen.append(output.mean(dim=(0, 2, 3))))
    generator(torch.randn(16, 100))
    assert torch.allclose(generator.norm.running_mean, 0.2 * seen[0], atol=1e-6)  # the old value was zero


def test_a_critic_that_knows_nothing_loses_half_of_log_two_a_side() -> None:
    torch.manual_seed(0)
    method = MNISTGAN()
    nets = method.networks(DataSpec.of((1, 8, 8)))
    torch.nn.init.zeros_(nets.critic.output.weight)
    critic, generator = play(method, nets, HandDraw(torch.rand(4, 1, 8, 8) * 2 - 1))
    assert [loss.item() for loss in critic.losses.values()] == pytest.approx([math.log(2) / 2] * 2)
    assert generator.losses["fake"].item() == pytest.approx(math.log(2))


def test_the_smoothed_critic_wants_real_images_at_nine_to_one_and_no_more() -> None:
    torch.manual_seed(0)
    method = MNISTGAN()
    nets = method.networks(DataSpec.of((1, 8, 8)))
    torch.nn.init.zeros_(nets.critic.output.weight)
    torch.nn.init.constant_(nets.critic.output.bias, math.log(9))
    update = next(play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8))))
    # At D = .9 the real half pulls no more, so all that moves the bias is the fake half: .5 x .9.
    assert nets.critic.output.bias.grad.item() == pytest.approx(0.45, abs=1e-6)
    assert update.watch["real_logit"].item() == pytest.approx(math.log(9))


def test_the_generator_plays_against_new_noise() -> None:
    torch.manual_seed(0)
    method = MNISTGAN()
    nets = method.networks(DataSpec.of((1, 8, 8)))
    seen: list[torch.Tensor] = []
    nets.generator.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    list(play(method, nets, HandDraw(torch.zeros(4, 1, 8, 8))))
    assert len(seen) == 2
    assert not torch.equal(seen[0], seen[1])


def test_settings_survive_json_and_each_has_a_sentence() -> None:
    method = MNISTGAN(bn_decay=0.99)
    assert from_json(MNISTGAN, to_json(method)) == method
    assert set(field_help(MNISTGAN)) >= set(to_json(method))
