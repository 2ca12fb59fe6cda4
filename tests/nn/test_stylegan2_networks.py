"""StyleGAN2's networks: sizes, parameters, noise, labels, truncation."""

import math

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic, StyleGAN2Generator, widths


def generator(**settings: object) -> StyleGAN2Generator:
    torch.manual_seed(0)
    return StyleGAN2Generator(6, 5, 3, 16, 64, 8, mapping_layers=2, **settings)


def test_channels_are_the_base_over_the_side_and_at_most_so_many() -> None:
    assert widths(64, 16_384, 512) == {4: 512, 8: 512, 16: 512, 32: 512, 64: 256}
    assert widths(1024, 32_768, 512)[1024] == 32


def test_the_generator_for_1024_pixels_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        network = StyleGAN2Generator(512, 512, 3, 1024, 32_768, 512)
        critic = StyleGAN2Critic(3, 1024, 32_768, 512)
    # as the authors' code counts its configuration F
    assert sum(p.numel() for p in network.parameters()) == 30_370_060
    assert sum(p.numel() for p in critic.parameters()) == 29_012_513


def test_a_picture_takes_a_style_a_layer_and_one_for_the_last_image() -> None:
    network = generator()
    assert network.synthesis.styles == 2 * math.log2(16) - 2
    assert network.synthesis.sides == [4, 8, 8, 16, 16]
    assert network.synthesis.places == 16 + 2 * 64 + 2 * 256


def test_noise_does_nothing_at_first_and_something_once_its_strength_has_grown() -> None:
    network, latent = generator(), torch.randn(2, 6)
    noise = torch.randn(2, network.synthesis.places)
    assert torch.equal(network(latent), network(latent, noise=noise))
    torch.nn.init.ones_(network.synthesis.layers[3].strength)
    assert not torch.equal(network(latent), network(latent, noise=noise))
    own = torch.cat([layer.constant.flatten() for layer in network.synthesis.layers]).expand(2, -1)
    torch.testing.assert_close(network(latent), network(latent, noise=own))


def test_channels_last_changes_no_more_than_rounding() -> None:
    network, latent = generator(), torch.randn(2, 6)
    before = network(latent)
    torch.testing.assert_close(network.to(memory_format=torch.channels_last)(latent), before, rtol=1e-4, atol=1e-4)


def test_latents_are_normalised_and_labels_change_the_style() -> None:
    network = generator(classes=3)
    latent = torch.randn(2, 6)
    style = network.mapping(latent, torch.tensor([0, 1]))
    torch.testing.assert_close(network.mapping(7 * latent, torch.tensor([0, 1])), style, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(network.mapping(latent, torch.tensor([2, 1]))[0], style[0])


def test_truncation_goes_from_the_average_to_the_style() -> None:
    mapping = StyleMapping(4, 3, 2)
    mapping.average.copy_(torch.tensor([1.0, 2.0, 3.0]))
    style = torch.tensor([[3.0, 2.0, -1.0]])
    assert mapping.truncated(style, 0.5).tolist() == [[2, 2, 1]]
    assert mapping.truncated(style, 1.0) is style
    assert mapping.truncated(style, 0.0)[0].tolist() == mapping.average.tolist()


def test_the_critic_compares_features_with_the_labels_direction() -> None:
    torch.manual_seed(0)
    critic = StyleGAN2Critic(3, 8, 32, 8, classes=3, label_layers=2)
    image = torch.randn(4, 3, 8, 8)
    logits = [critic(image, torch.full((4,), label)) for label in (0, 1)]
    assert logits[0].shape == (4,)
    assert not torch.allclose(*logits)
    assert not hasattr(critic.mapping, "average")
    with pytest.raises(ShapeError, match="made for 3 classes: give a label"):
        critic(image)


@pytest.mark.parametrize("residual", [True, False])
def test_values_keep_their_size_through_the_critic_at_first(residual: bool) -> None:
    torch.manual_seed(0)
    critic = StyleGAN2Critic(3, 32, 2048, 64, residual=residual)
    features = critic.blocks(torch.nn.functional.leaky_relu(critic.from_image(torch.randn(8, 3, 32, 32)), 0.2))
    assert 0.2 < features.square().mean().sqrt() < 2.5
