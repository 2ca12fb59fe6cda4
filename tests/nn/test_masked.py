"""Masked layers: what each output depends on, by Jacobian, and that a walk computes what a whole pass does."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.masked import MaskedConv2d, MaskedLinear, Part, Walk, not_later

SIDE = 5


def influence(network: nn.Module, channels: int) -> Tensor:
    """Whether each output number depends on each input number, bool [C', H, W, C, H, W], over random inputs."""
    x = torch.randn(channels, SIDE, SIDE, dtype=torch.float64)
    found: Tensor = torch.autograd.functional.jacobian(lambda one: network(one[None])[0], x)
    return found != 0


def test_degrees_say_which_inputs_an_output_sees() -> None:
    degrees, hidden = torch.tensor([0, 1, 2]), torch.tensor([1, 0])
    assert not_later(degrees, hidden).tolist() == [[True, True, False], [True, False, False]]
    assert not_later(hidden, degrees, strictly=True).tolist() == [[False, False], [False, True], [True, True]]
    layer, mask = MaskedLinear(3, 2), not_later(degrees, hidden)
    x = torch.randn(4, 3)
    assert torch.allclose(layer(x, mask), F.linear(x, layer.weight.masked_fill(~mask, 0), layer.bias))


@pytest.mark.parametrize("part", ["A", "B", "above", "rows"])
def test_a_place_sees_exactly_its_part_of_the_window(part: Part) -> None:
    seen = influence(MaskedConv2d(2, 2, 5, part).double(), 2)
    for row in range(SIDE):
        for column in range(SIDE):
            for i in range(SIDE):
                for j in range(SIDE):
                    near = abs(row - i) <= 2 and abs(column - j) <= 2
                    before = i < row or (i == row and j < column)
                    here = (i, j) == (row, column)
                    sees = {"A": before, "B": before or here, "above": i < row, "rows": i <= row}[part] and near
                    assert (
                        bool(seen[:, row, column, :, i, j].all()) == bool(seen[:, row, column, :, i, j].any()) == sees
                    )


def test_a_window_of_one_row_leaves_out_what_it_cannot_see() -> None:
    layer = MaskedConv2d(1, 1, (1, 5), "B")
    assert layer.weight.shape == (1, 1, 1, 3)
    seen = influence(layer.double(), 1)[0, 0, 4, 0, 0]
    assert seen.tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("part", "wanted"), [("A", [[0, 0, 0], [1, 0, 0], [1, 1, 0]]), ("B", [[1, 0, 0], [1, 1, 0], [1, 1, 1]])]
)
def test_green_sees_red_of_its_own_pixel_and_red_does_not_see_green(part: Part, wanted: list[list[int]]) -> None:
    """Also with widths that three does not divide: blocks in order, and the same blocks in every layer."""
    layers = nn.Sequential(MaskedConv2d(3, 7, 3, part, colours=3), MaskedConv2d(7, 3, 1, "B", colours=3)).double()
    seen = influence(layers, 3)[:, 2, 2, :, 2, 2]
    assert seen.int().tolist() == wanted


def test_free_inputs_are_seen_at_the_place_itself() -> None:
    seen = influence(MaskedConv2d(4, 3, 3, "A", colours=3, free=1).double(), 4)
    assert seen[:, 2, 2, 3, 2, 2].all()
    assert not seen[0, 2, 2, :3, 2, 2].any()


class Stack(nn.Module):
    """A first layer and two more, in reading order or by rows."""

    def __init__(self, first: Part, then: Part) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [MaskedConv2d(2, 4, 5, first), MaskedConv2d(4, 4, 3, then), MaskedConv2d(4, 2, 3, then)]
        )

    def forward(self, x: Tensor, walk: Walk | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, walk).tanh()
        return x


@pytest.mark.parametrize(("first", "then"), [("A", "B"), ("above", "rows")])
def test_a_walk_computes_what_a_whole_pass_does(first: Part, then: Part) -> None:
    network, image = Stack(first, then), torch.randn(3, 2, 6, 7)
    with torch.no_grad():
        whole, walk = network(image), Walk(6, 7)
        known = torch.zeros_like(image)
        for walk.row in range(6):
            for walk.column in range(7):
                here = (slice(None), slice(None), slice(walk.row, walk.row + 1), slice(walk.column, walk.column + 1))
                if first == "A":
                    assert torch.allclose(network(known, walk), whole[here], atol=1e-6)
                elif not walk.column:
                    assert torch.allclose(network(known, walk), whole[:, :, walk.row : walk.row + 1], atol=1e-6)
                known[here] = image[here]
