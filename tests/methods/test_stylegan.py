"""The first StyleGAN: growth with styles and noise, truncation of the coarser layers, its losses."""

import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.gan.stylegan import StyleGAN
from saddlepoint.nn.backbones.stylegan import StyleGANSynthesis

TINY = {
    "shape": (3, 8, 8),
    "latent": 8,
    "style": 8,
    "mapping_layers": 2,
    "base": 32,
    "most": 8,
    "first_side": 4,
    "last_side": 8,
    "steady_images": 8,
    "fade_images": 16,
}


def tiny() -> tuple[StyleGAN, Networks]:
    torch.manual_seed(0)
    method = StyleGAN(**{name: value for name, value in TINY.items() if name != "shape"})
    return method, method.networks(DataSpec.of((1, 8, 8)))


def synthesis(side: int = 16) -> StyleGANSynthesis:
    torch.manual_seed(0)
    return StyleGANSynthesis(6, 3, side, 64, 8)


def test_a_new_level_that_counts_nothing_gives_exactly_the_level_before_doubled() -> None:
    network, styles = synthesis(), torch.randn(2, 6, 6)
    network.wake(1, 1.0)
    before = network(styles[:, : network.styles])
    network.wake(2, 0.0)
    assert network.styles == 6
    assert torch.equal(network(styles), nn.functional.interpolate(before, scale_factor=2.0))


def test_noise_and_styles_are_as_many_as_the_layers_that_are_awake() -> None:
    network = synthesis()
    assert (network.styles, network.sides, network.places) == (6, [4, 4, 8, 8, 16, 16], 2 * (16 + 64 + 256))
    network.wake(0, 1.0)
    assert (network.styles, network.sides, network.places) == (2, [4, 4], 32)
    assert network(torch.randn(3, 2, 6), torch.randn(3, 32)).shape == (3, 3, 4, 4)


def test_a_layer_leaves_each_channel_with_the_mean_and_deviation_of_its_style() -> None:
    layer = synthesis().layers[1].restyle
    style = torch.randn(2, 6)
    y = layer(torch.randn(2, 8, 8, 8), style, None)
    scale, shift = layer.affine(style).chunk(2, 1)
    torch.testing.assert_close(y.mean((2, 3)), shift, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(y.std((2, 3), correction=0), (scale + 1).abs(), rtol=1e-4, atol=1e-5)


def test_the_critic_moves_first_with_r1_on_every_step() -> None:
    method, nets = tiny()
    method.set_phase(nets, Clock())
    draw = HandDraw(torch.rand(4, 1, 4, 4))
    critic, generator = method.train_step(nets, draw, Clock())
    assert (critic.group, [*critic.losses]) == ("critic", ["real", "fake", "r1"])
    assert (generator.group, [*generator.losses]) == ("generator", ["fake"])
    torch.testing.assert_close(critic.losses["r1"], 10 * r1(nets.critic, draw.image))


def test_truncation_pulls_the_eight_coarser_layers_alone() -> None:
    torch.manual_seed(0)
    method = StyleGAN(latent=8, style=8, mapping_layers=2, base=64, most=4, last_side=64)
    nets = method.networks(DataSpec.of((1, 64, 64)))
    latents = method.latents(nets, 2, seed=0)
    seen: list[torch.Tensor] = []
    nets.generator.synthesis.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    method.generate(nets, latents, Sampling(truncation=0.0))
    assert seen[0].shape == (2, 10, 8)
    assert seen[0][:, :8].abs().max() == 0  # the average before any training
    torch.testing.assert_close(seen[0][:, 8], nets.generator.mapping(latents))


def test_early_images_have_the_side_of_the_data() -> None:
    method, nets = tiny()
    method.set_phase(nets, Clock())
    images = method.generate(nets, method.latents(nets, 3, seed=0))
    assert images.shape == (3, 1, 8, 8)
    assert torch.equal(images[:, :, ::2, ::2], images[:, :, 1::2, 1::2])


def test_the_average_style_moves_by_a_two_hundredth() -> None:
    method, nets = tiny()
    method.after_step(nets, {"generator/style": torch.ones(8)}, Clock())
    assert nets.generator.mapping.average.tolist() == pytest.approx([0.005] * 8)
