"""PixelRNN: what each pixel depends on, by rows and by diagonals, and a cache that makes the same images."""

import itertools

import pytest
import torch
from densities import dependence, moved, total, walked
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.autoregressive.pixelrnn import PixelRNN
from saddlepoint.methods.base import Networks
from saddlepoint.methods.families.sampled import level_value
from saddlepoint.nn.backbones.pixelrnn import Recurrence, lstm, skewed, straight

TINY = {"width": 4, "depth": 1, "shades": 2}
WAYS: tuple[Recurrence, ...] = ("row", "diagonal")


def networks(method: PixelRNN, *shape: int) -> Networks:
    torch.manual_seed(0)
    return moved(method.networks(DataSpec.of(shape)), scale=0.3)  # type: ignore[arg-type]


def test_skewing_moves_each_row_one_further_and_back() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4) + 1
    assert skewed(x)[0, 0].tolist() == [[1, 2, 3, 4, 0, 0], [0, 5, 6, 7, 8, 0], [0, 0, 9, 10, 11, 12]]
    assert torch.equal(straight(skewed(x), 4), x)
    tall = torch.randn(2, 3, 5, 2)
    assert torch.equal(straight(skewed(tall), 2), tall)


def test_its_step_is_that_of_torch() -> None:
    cell, x, state = nn.LSTMCell(3, 5), torch.randn(2, 3), (torch.randn(2, 5), torch.randn(2, 5))
    sums = x @ cell.weight_ih.T + cell.bias_ih + state[0] @ cell.weight_hh.T + cell.bias_hh
    enter, forget, content, output = sums.chunk(4, 1)
    ours = torch.stack([output, forget, enter, content], 2).flatten(1)[:, :, None]
    for one, other in zip(lstm(ours, state[1][:, :, None]), cell(x, state)):
        assert torch.allclose(one[..., 0], other, atol=1e-6)


def seen_pixels(recurrence: Recurrence, depth: int, side: int) -> Tensor:
    method = PixelRNN(width=4, depth=depth, shades=2, recurrence=recurrence)
    outputs = dependence(networks(method, 1, side, side).network, torch.randn(2, 1, side, side))
    return outputs.view(-1, side * side, side * side).any(0)


def test_diagonals_see_every_earlier_pixel_and_no_other() -> None:
    """Were the mirror image not moved to the row below, a pixel would see those to its right."""
    assert torch.equal(seen_pixels("diagonal", 1, 7), torch.ones(49, 49, dtype=torch.bool).tril(-1))


def test_rows_see_no_later_pixel_and_a_triangle_above() -> None:
    seen = seen_pixels("row", 1, 10)
    assert not seen.triu().any()
    above = seen[9 * 10 + 5].view(10, 10)
    assert above[:9, 3:8].all()
    assert not above[8, 9]  # the triangle opens by a pixel a row, on top of what the first layer sees
    assert above[4, 9]


@pytest.mark.parametrize("recurrence", WAYS)
def test_colours_come_in_order(recurrence: Recurrence) -> None:
    method = PixelRNN(width=10, depth=2, shades=2, recurrence=recurrence)
    seen = dependence(networks(method, 3, 2, 3).network, torch.randn(3, 3, 2, 3)).view(3, 2, 6, 3, 6).any(1)
    for colour, pixel, other, place in itertools.product(range(3), range(6), range(3), range(6)):
        wanted = place < pixel or (place == pixel and other < colour)
        assert bool(seen[colour, pixel, other, place]) == wanted, (colour, pixel, other, place)


@pytest.mark.parametrize("recurrence", WAYS)
def test_the_probabilities_of_all_images_sum_to_one(recurrence: Recurrence) -> None:
    method = PixelRNN(width=4, depth=2, shades=2, recurrence=recurrence)
    assert total(method, networks(method, 1, 3, 3), (1, 3, 3)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("recurrence", WAYS)
@pytest.mark.parametrize("likelihood", ["categorical", "logistic-mixture"])
def test_the_cache_adds_up_to_the_likelihood_of_a_whole_pass(recurrence: Recurrence, likelihood: str) -> None:
    method = PixelRNN(width=6, depth=2, shades=5, recurrence=recurrence, likelihood=likelihood, components=2)  # type: ignore[arg-type]
    image = level_value(torch.randint(0, 5, (3, 3, 5, 4)), 5)
    nets = networks(method, 3, 5, 4)
    found, order = walked(method, nets, image)
    assert sorted(order) == list(range(60))
    assert torch.allclose(found, method.log_probability(nets, image), atol=2e-3)
