"""PixelCNN: what each pixel depends on, all of it and nothing else, and a cache that makes the same images."""

import pytest
import torch
from densities import dependence, moved, total, walked
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.autoregressive.pixelcnn import PixelCNN
from saddlepoint.methods.base import Networks
from saddlepoint.methods.families.sampled import level_value, nearest_level

TINY = {"width": 4, "blocks": 2, "shades": 2, "layers": "gated"}
PLAIN = PixelCNN(width=4, blocks=2, shades=2)
GATED = PixelCNN(width=6, blocks=6, shades=2, layers="gated")


def networks(method: PixelCNN, *shape: int, seed: int = 0) -> Networks:
    torch.manual_seed(seed)
    return moved(method.networks(DataSpec.of(shape)), scale=0.2)  # type: ignore[arg-type]


def seen_pixels(method: PixelCNN, nets: Networks, side: int) -> Tensor:
    """Whether what is said of a pixel depends on another pixel, bool [pixels, pixels], for one channel."""
    images = torch.randn(2, 1, side, side)
    outputs = dependence(nets.network, images).view(-1, side * side, side * side)
    return outputs.any(0)


def test_gated_stacks_see_every_earlier_pixel_and_no_other() -> None:
    seen = seen_pixels(GATED, networks(GATED, 1, 8, 8), 8)
    assert torch.equal(seen, torch.ones(64, 64, dtype=torch.bool).tril(-1))


def test_the_plain_stack_sees_no_later_pixel_and_has_a_blind_spot() -> None:
    method = PixelCNN(width=6, blocks=5, shades=2)
    seen = seen_pixels(method, networks(method, 1, 9, 9), 9)
    assert not seen.triu().any()
    last_of_row = seen[4 * 9 + 3].view(9, 9)  # of row 4, column 3: to the right, the view narrows by a pixel a row
    assert last_of_row[:4, :4].all()
    assert not last_of_row[3, 8]


@pytest.mark.parametrize("layers", ["plain", "gated"])
def test_colours_come_in_order_with_the_same_groups_in_every_layer(layers: str) -> None:
    """Widths that three does not divide are rounded up; the gates pair channels of one colour."""
    method = PixelCNN(width=10, blocks=2, shades=2, layers=layers)  # type: ignore[arg-type]
    seen = dependence(networks(method, 3, 3, 3).network, torch.randn(3, 3, 3, 3))
    seen = seen.view(3, 2, 9, 3, 9).any(1)  # colour and pixel, twice
    for colour in range(3):
        for pixel in range(9):
            for other in range(3):
                wanted = [place < pixel or (place == pixel and other < colour) for place in range(9)]
                assert seen[colour, pixel, other].tolist() == wanted


@pytest.mark.parametrize("method", [PLAIN, GATED], ids=["plain", "gated"])
def test_the_probabilities_of_all_images_sum_to_one(method: PixelCNN) -> None:
    assert total(method, networks(method, 1, 3, 3), (1, 3, 3)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("likelihood", ["categorical", "logistic-mixture"])
@pytest.mark.parametrize("layers", ["plain", "gated"])
def test_the_cache_adds_up_to_the_likelihood_of_a_whole_pass(layers: str, likelihood: str) -> None:
    shades = {"categorical": 5, "logistic-mixture": 9}[likelihood]
    method = PixelCNN(width=6, blocks=3, shades=shades, layers=layers, likelihood=likelihood, components=3)  # type: ignore[arg-type]
    image = level_value(torch.randint(0, shades, (4, 3, 5, 4)), shades)
    nets = networks(method, 3, 5, 4)
    found, order = walked(method, nets, image)
    assert sorted(order) == list(range(60))
    assert order[:4] == [0, 20, 40, 1]  # red, green, blue of a pixel, then the next
    assert torch.allclose(found, method.log_probability(nets, image), atol=2e-3)


def test_a_mixture_of_logistics_is_a_distribution_over_levels() -> None:
    method = PixelCNN(width=4, blocks=1, shades=8, likelihood="logistic-mixture", components=2)
    assert total(method, networks(method, 1, 1, 2), (1, 1, 2)) == pytest.approx(1, abs=1e-7)
    with pytest.raises(ConfigError, match="need no mixture"):
        PixelCNN(shades=2, likelihood="logistic-mixture")


def test_black_pixels_differ_from_the_edge() -> None:
    """Without the channel of ones a black pixel in the middle, worth 0, would be as one at the edge."""
    nets = networks(PLAIN, 1, 20, 20)
    outputs = nets.network(torch.zeros(1, 1, 20, 20))[0, 0]
    assert not torch.allclose(outputs[0, 0], outputs[15, 10])


def test_samples_are_on_the_levels_and_more_shades_are_refused() -> None:
    method = PixelCNN(width=6, blocks=1, shades=4)
    nets = networks(method, 3, 4, 4)
    made = method.generate(nets, method.latents(nets, 5, 0))
    assert torch.allclose(made, level_value(nearest_level(made, 4), 4))
    with pytest.raises(ConfigError, match="from 2 to 256"):
        PixelCNN(shades=300)
