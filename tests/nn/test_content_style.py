"""MUNIT's networks: their shapes, what each forgets, and its layer norm against its definition."""

import pytest
import torch

from saddlepoint.nn.backbones.content_style import ContentEncoder, StyleDecoder, StyleEncoder
from saddlepoint.nn.backbones.multiscale_critic import MultiScaleCritic
from saddlepoint.nn.layers.norm import LayerNorm2d


def test_content_keeps_places_and_style_forgets_them() -> None:
    images = torch.rand(2, 3, 48, 32)
    assert ContentEncoder(3, 4, 2, 1)(images).shape == (2, 16, 12, 8)
    assert StyleEncoder(3, 4, 4, 5)(images).shape == (2, 5)
    assert StyleDecoder(3, 4, 2, 1, 5, 8)(torch.rand(2, 16, 12, 8), torch.rand(2, 5)).shape == images.shape


def test_the_encoders_have_the_papers_channels() -> None:
    """c7s1-64, d128, d256, four R256; c7s1-64, d128, d256, d256, d256 and 8 numbers. No bias before instance norm."""
    assert ContentEncoder(3, 64, 2, 4).layers[-3].out_channels == 256
    content = 49 * 3 * 64 + 16 * 64 * 128 + 16 * 128 * 256 + 8 * 9 * 256**2
    style = (49 * 3 + 1) * 64 + (16 * 64 + 1) * 128 + (16 * 128 + 1) * 256 + 2 * (16 * 256 + 1) * 256 + 257 * 8
    mlp = 9 * 256 + 257 * 256 + 257 * (4 * 2 * 2 * 256)
    up = (25 * 256 + 1 + 2) * 128 + (25 * 128 + 1 + 2) * 64 + (49 * 64 + 1) * 3
    counted = [
        sum(p.numel() for p in net.parameters())
        for net in (ContentEncoder(3, 64, 2, 4), StyleEncoder(3, 64, 4, 8), StyleDecoder(3, 64, 2, 4, 8, 256))
    ]
    assert counted == [content, style, 8 * 9 * 256**2 + mlp + up]


def test_a_brighter_image_has_the_same_content_and_another_style() -> None:
    images = torch.rand(1, 3, 32, 32)
    content, style = ContentEncoder(3, 4, 2, 1), StyleEncoder(3, 4, 4, 5)
    assert torch.allclose(content(images), content(3 * images + 1), atol=2e-3)
    assert not torch.allclose(style(images), style(3 * images + 1), atol=2e-3)


def test_the_style_shifts_and_scales_each_map_of_a_block() -> None:
    decoder = StyleDecoder(3, 4, 0, 1, 2, 8)
    last = decoder.mlp[-1]
    torch.nn.init.zeros_(last.weight)
    content = torch.rand(1, 4, 8, 8)
    seen = []
    decoder.up.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    decoder(content, torch.rand(1, 2))
    assert torch.equal(seen[0], content)  # scales of 0: the skip alone
    with torch.no_grad():
        last.bias.view(4, 4)[2] = torch.tensor([1.0, 2.0, 3.0, 4.0])  # the second norm's shift
        last.bias.view(4, 4)[3] = 5.0  # and its scale
        last.bias.view(4, 4)[1] = 1.0  # the first norm's scale
    decoder(content, torch.rand(1, 2))
    added = (seen[1] - content)[0]
    assert torch.allclose(added.mean((1, 2)), torch.tensor([1.0, 2.0, 3.0, 4.0]), atol=1e-5)
    assert torch.allclose(added.std((1, 2), correction=0), torch.full((4,), 5.0), atol=1e-2)


def test_layer_norm_takes_the_mean_and_deviation_of_a_whole_image() -> None:
    norm, x = LayerNorm2d(2), 3 * torch.randn(2, 2, 4, 4) + 1
    with torch.no_grad():
        norm.gain.copy_(torch.tensor([2.0, 0.5]).view(2, 1, 1))
        norm.shift.copy_(torch.tensor([0.0, 7.0]).view(2, 1, 1))
    for image, made in zip(x, norm(x)):
        plain = (image - image.mean()) / (image.std() + 1e-5)
        assert torch.allclose(made[0], 2 * plain[0], atol=1e-6)
        assert torch.allclose(made[1], plain[1] / 2 + 7, atol=1e-6)


def test_the_critic_judges_patches_at_each_scale_by_itself() -> None:
    critic = MultiScaleCritic(3, 4, 2, 3, 32)
    logits = critic(torch.rand(2, 3, 32, 32))
    assert [tuple(each.shape) for each in logits] == [(2, 1, 8, 8), (2, 1, 4, 4), (2, 1, 2, 2)]
    sum(each.sum() for each in logits[1:]).backward()
    assert all(p.grad is None for p in critic.scales[0].parameters())
    assert all(p.grad is not None for p in critic.scales[2].parameters())


def test_the_critic_s_first_weights_are_the_authors_or_he_s() -> None:
    for weights, expected in (("normal", 0.02), ("he", (2 / (32 * 16)) ** 0.5)):
        second = MultiScaleCritic(3, 32, 2, 1, 32, weights).scales[0][2].weight
        assert second.shape == (64, 32, 4, 4)
        assert second.std().item() == pytest.approx(expected, rel=0.02)


def test_between_scales_the_edge_counts_no_zeros() -> None:
    critic = MultiScaleCritic(1, 2, 1, 2, 8)
    seen = []
    critic.scales[1].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    critic(torch.ones(1, 1, 8, 8))
    assert torch.equal(seen[0], torch.ones(1, 1, 4, 4))
