"""Style transfer: the public network, what a restyled map has, one image by optimisation, and how strong a style is."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.latent.restyle import restyle
from saddlepoint.losses.perceptual import content_distance, gram, restyled, statistics, statistics_distance
from saddlepoint.methods.translation.style_transfer import StyleTransfer
from saddlepoint.nn.backbones.style_codec import StyleDecoder, StyleEncoder

TINY = {"width": 2, "bank": 3, "style_weight": 1.0, "shape": (3, 16, 16)}
PARITY = Path(__file__).parents[1] / "parity" / "adain.npz"


@torch.no_grad()
def test_network_and_losses_equal_the_public_ones() -> None:
    file = np.load(PARITY)

    def copy(names: list[str], network: nn.Module) -> None:
        convolutions = [each for each in network.modules() if isinstance(each, nn.Conv2d)]
        for name, conv in zip(names, convolutions, strict=True):
            for key in ("weight", "bias"):
                getattr(conv, key).copy_(torch.from_numpy(file[f"{name}.{key}"]))

    names = [name.removesuffix(".weight") for name in file.files if name.endswith("weight")]
    encoder, decoder = StyleEncoder(3, 4), StyleDecoder(3, 4)
    copy([name for name in names if ".enc_" in name], encoder)
    copy([name for name in names if ".decoder." in name], decoder)
    content, style = (torch.from_numpy(file[f"in.{name}"]) for name in ("content", "style"))
    maps, like = encoder(content), encoder(style)
    aim = restyled(maps[-1], *statistics(like[-1]))
    assert np.abs(aim.numpy() - file["out.adain"]).max() < 1e-4
    image = decoder(aim)
    assert np.abs(image.numpy() - file["out.decoded"]).max() < 1e-4
    assert np.abs(decoder((aim + maps[-1]) / 2).numpy() - file["out.decoded_alpha05"]).max() < 1e-4
    again = encoder(image)
    assert content_distance(again[-1:], [aim]).item() == pytest.approx(float(file["out.loss_c"]), rel=1e-4)
    assert statistics_distance(again, like).item() == pytest.approx(float(file["out.loss_s"]), rel=1e-4)


def test_a_restyled_map_has_the_styles_mean_and_deviation_and_gram_is_a_mean_of_products() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 3, 5, 4), 2 * torch.randn(2, 3, 7, 7) + 1
    for own, wanted in zip(statistics(restyled(content, *statistics(style))), statistics(style)):
        assert torch.allclose(own, wanted, atol=1e-4)
    assert torch.allclose(gram(content), torch.einsum("nchw,ndhw->ncd", content, content) / 20, atol=1e-5)


def test_one_image_by_optimisation_comes_nearer_with_each_step() -> None:
    torch.manual_seed(0)
    encoder, losses = StyleEncoder(1, 2).requires_grad_(False), list[float]()
    content, style = torch.rand(1, 1, 16, 16) * 2 - 1, torch.rand(1, 1, 16, 20).round() * 2 - 1
    image = restyle(encoder, content, style, steps=3, say=losses.append)
    assert image.shape == content.shape
    assert losses[-1] < losses[0]
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(losses))


@torch.no_grad()
def test_no_strength_leaves_the_contents_own_style_and_a_seed_draws_one_of_those_kept() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"width": 2, "bank": 3}
    method, none = StyleTransfer(**settings), StyleTransfer(**settings, strength=0)
    nets = method.networks(DataSpec.of((3, 16, 16))).eval()
    image, like = torch.rand(2, 3, 16, 16) * 2 - 1, torch.rand(2, 3, 16, 16) * 2 - 1
    nets.styles.learn(nets.encoder(like)[-1])
    plain = nets.decoder(nets.encoder(image)[-1]).tanh()
    assert torch.allclose(none.translate_like(nets, image, like, "a"), plain, atol=1e-5)
    one = method.translate(nets, image, "a", 1)
    assert torch.allclose(one, method.translate_like(nets, image, like[[1, 1]], "a"), atol=1e-5)
    assert torch.equal(one, method.translate(nets, image, "a", 4))  # of three, the second again


@torch.no_grad()
def test_a_calibrated_encoder_tells_images_apart_and_a_lower_one_holds_more_places() -> None:
    torch.manual_seed(0)
    images = torch.rand(16, 3, 16, 16) * 2 - 1
    for depth, side, width in ((4, 2, 16), (3, 4, 8), (2, 8, 4), (1, 16, 2)):
        encoder, decoder = StyleEncoder(3, 2, depth), StyleDecoder(3, 2, depth)
        encoder.calibrate(images)
        last = encoder(images)[-1]
        assert last.shape == (16, width, side, side)
        assert len(encoder(images)) == depth
        assert last.mean().item() == pytest.approx(0.4, abs=0.1)  # of max(0, a standard normal number)
        assert decoder(last).shape == images.shape
        encoder.calibrate(torch.zeros_like(images))  # nothing to scale by
        assert all(maps.isfinite().all() for maps in encoder(images))


def test_weights_that_are_not_those_and_widths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="not the weights of VGG-19"):
        StyleEncoder(3, 64).load({})
    with pytest.raises(ConfigError, match="leave out --width"):
        StyleTransfer(encoder="vgg19", width=8)
