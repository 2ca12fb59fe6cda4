"""Recurrent networks over images: rows from the top down, or diagonals from both upper corners.

van den Oord et al. 2016 (PixelRNN), arXiv:1601.06759, sections 3.1 to 3.3, figure 5 and table 1. States begin as
learnt vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.pixelcnn import FIRST, Head, whole_groups, with_ones
from saddlepoint.nn.layers.masked import MaskedConv2d, Walk

Recurrence = Literal["row", "diagonal"]


@final
class PixelRNN(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> [N, outputs, H, W]; what is said of a pixel depends on those before it alone.

    colours: as in `PixelCNN`. width: units of each layer's state; between the layers there are twice as many channels.
    Maps are a column wider than the image: beyond its right edge stands what is known when a row is whole. Without it
    the next row would not see the last pixel of the one above, but through the first layer's window.
    """

    classes = 0

    def __init__(
        self, shape: tuple[int, int, int], outputs: int, width: int, layers: int, colours: int, recurrence: Recurrence
    ) -> None:
        super().__init__()
        self.shape, width = shape, whole_groups(width, colours)
        kind: type[_Layer] = _RowLSTM if recurrence == "row" else _DiagonalBiLSTM
        self.first = MaskedConv2d(shape[0] + 1, 2 * width, FIRST, "A", colours=colours, free=1)
        self.layers = nn.ModuleList(kind(width, colours) for _ in range(layers))
        self.head = Head(2 * width, outputs, colours)

    def forward(self, image: Tensor, label: Tensor | None = None, walk: Walk | None = None) -> Tensor:
        inputs = F.pad(with_ones(image), (0, 1))
        if walk is None:
            outputs: Tensor = self.head(self._maps(inputs, None)[..., :-1], None)
            return outputs
        wide: Walk = walk.kept.setdefault((self, "wide"), Walk(walk.height, walk.width + 1))
        if walk.row != wide.row:
            wide.column = walk.width
            self._maps(inputs, wide)  # the row before is whole
        wide.row, wide.column = walk.row, walk.column
        at: Tensor = self.head(self._maps(inputs, wide), wide)
        return at

    def _maps(self, inputs: Tensor, walk: Walk | None) -> Tensor:
        x: Tensor = self.first(inputs, walk)
        for layer in self.layers:
            x = layer(x, walk)
        return x


class _Layer(nn.Module, ABC):
    """A recurrent layer beside a path that changes nothing: [N, 2 width, H, W] -> the same."""

    def __init__(self, width: int, colours: int) -> None:
        super().__init__()
        self.width = width
        self.up = MaskedConv2d(width, 2 * width, 1, "B", colours=colours)

    def forward(self, x: Tensor, walk: Walk | None) -> Tensor:
        hidden = self.whole(x) if walk is None else self.at(x, walk)
        y: Tensor = self.up(hidden, walk)
        return x + y

    @abstractmethod
    def whole(self, x: Tensor) -> Tensor:
        """The hidden state of all pixels.  [N, width, H, W]"""

    @abstractmethod
    def at(self, x: Tensor, walk: Walk) -> Tensor:
        """That of the pixel at hand.  [N, width, 1, 1]"""


@final
class _RowLSTM(_Layer):
    """Each row's state from its own inputs up to each pixel and from three neighbours in the state of the row above."""

    def __init__(self, width: int, colours: int) -> None:
        super().__init__(width, colours)
        self.to_state = MaskedConv2d(2 * width, 4 * width, (1, 3), "B", colours=colours)
        self.from_state = nn.Conv1d(width, 4 * width, 3, padding=1, bias=False)
        self.begin = nn.Parameter(torch.zeros(2, width))  # hidden and cell above the first row

    def whole(self, x: Tensor) -> Tensor:
        inputs = self.to_state(x)
        hidden, cell = self._begin(x, inputs.shape[3])
        rows = []
        for row in range(inputs.shape[2]):
            hidden, cell = lstm(inputs[:, :, row] + self.from_state(hidden), cell)
            rows.append(hidden)
        return torch.stack(rows, 2)

    def at(self, x: Tensor, walk: Walk) -> Tensor:
        if walk.kept.get((self, "row"), -1) != walk.row:  # the row before is whole now: its state is what stands above
            above = walk.kept.get((self, "state")) or self._begin(x, walk.width)
            walk.kept[self, "above"] = self.from_state(above[0]), above[1]
            walk.kept[self, "state"] = tuple(torch.zeros_like(part) for part in above)
            walk.kept[self, "row"] = walk.row
        here = slice(walk.column, walk.column + 1)
        recurrent, cell = walk.kept[self, "above"]
        hidden, cell = lstm(self.to_state(x, walk)[:, :, 0] + recurrent[:, :, here], cell[:, :, here])
        for kept, part in zip(walk.kept[self, "state"], (hidden, cell)):
            kept[:, :, here] = part
        return hidden[:, :, None]

    def _begin(self, x: Tensor, width: int) -> tuple[Tensor, Tensor]:
        hidden, cell = (part[None, :, None].expand(len(x), -1, width) for part in self.begin)
        return hidden, cell


@final
class _DiagonalBiLSTM(_Layer):
    """Each pixel's state from its own inputs and from the states to its left and above it; and, as a mirror image, from
    those to its right and above.

    The mirror image sees what is to the right in its own row, so its states go to the row below before the two are
    added: without that a pixel would see its future. Each way all pixels of a diagonal are worked out at once, on maps
    whose rows are shifted by a pixel each.
    """

    def __init__(self, width: int, colours: int) -> None:
        super().__init__(width, colours)
        self.ways = nn.ModuleList(_Diagonals(width, colours) for _ in range(2))

    def whole(self, x: Tensor) -> Tensor:
        left, right = self.ways
        assert isinstance(left, _Diagonals)
        assert isinstance(right, _Diagonals)
        mirrored = right(x.flip(3)).flip(3)
        hidden: Tensor = left(x) + F.pad(mirrored, (0, 0, 1, 0))[:, :, :-1]
        return hidden

    def at(self, x: Tensor, walk: Walk) -> Tensor:
        left, right = self.ways
        assert isinstance(left, _Diagonals)
        assert isinstance(right, _Diagonals)
        if (self, "inputs") not in walk.kept:
            size = (*x.shape[:2], walk.height, walk.width)
            walk.kept[self, "inputs"] = x.new_zeros(size)
            walk.kept[self, "row"], walk.kept[self, "mirrored"] = 0, None
        inputs: Tensor = walk.kept[self, "inputs"]
        if walk.kept[self, "row"] != walk.row:  # the row before is whole now: the way back through it can be gone
            walk.kept[self, "row"] = walk.row
            walk.kept[self, "mirrored"] = right.row(inputs[:, :, walk.row - 1], walk)
        inputs[:, :, walk.row, walk.column] = x[:, :, 0, 0]
        hidden = left.place(x[:, :, 0, 0], walk, walk.row, walk.column)
        mirrored: Tensor | None = walk.kept[self, "mirrored"]
        if mirrored is not None:
            hidden = hidden + mirrored[:, :, walk.column]
        return hidden[:, :, None, None]


@final
class _Diagonals(nn.Module):
    """From the upper left corner to the lower right one: [N, 2 width, H, W] -> hidden states [N, width, H, W]."""

    def __init__(self, width: int, colours: int) -> None:
        super().__init__()
        self.to_state = MaskedConv2d(2 * width, 4 * width, 1, "B", colours=colours)
        self.from_above = nn.Linear(width, 4 * width, bias=False)
        self.from_left = nn.Linear(width, 4 * width, bias=False)
        self.begin = nn.Parameter(torch.zeros(2, width))  # hidden and cell beyond the left edge and above the first row

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        inputs = skewed(self.to_state(x))  # [N, 4 width, H, W + H - 1]
        hidden, cell = (part[None, None].expand(len(x), height, -1) for part in self.begin)  # by row: N, H, width
        diagonals = []
        for number in range(inputs.shape[3]):
            above = torch.cat([self._first(x), hidden[:, :-1]], 1)
            sums = self.from_left(hidden) + self.from_above(above) + inputs[..., number].transpose(1, 2)
            hidden, cell = (part.transpose(1, 2) for part in lstm(sums.transpose(1, 2), cell.transpose(1, 2)))
            begun = torch.arange(height, device=x.device)[:, None] <= number  # rows that the diagonal has reached
            hidden, cell = (torch.where(begun, part, start) for part, start in zip((hidden, cell), self.begin))
            diagonals.append(hidden.transpose(1, 2))
        return straight(torch.stack(diagonals, 3), width)

    def place(self, x: Tensor, walk: Walk, row: int, column: int) -> Tensor:
        """The hidden state of one pixel from its inputs [N, 2 width] and the states kept on the walk.  [N, width]"""
        if (self, "states") not in walk.kept:
            size = (2, len(x), walk.height, walk.width, self.begin.shape[1])
            walk.kept[self, "states"] = x.new_zeros(size)
        states: Tensor = walk.kept[self, "states"]
        begin = self.begin[:, None].expand(-1, len(x), -1)
        left = states[:, :, row, column - 1] if column else begin
        above = states[0, :, row - 1, column] if row else begin[0]
        sums = self.to_state(x[:, :, None, None], walk)[:, :, 0, 0] + self.from_left(left[0]) + self.from_above(above)
        hidden, cell = lstm(sums[:, :, None], left[1][:, :, None])
        states[0, :, row, column], states[1, :, row, column] = hidden[..., 0], cell[..., 0]
        return hidden[..., 0]

    def row(self, x: Tensor, walk: Walk) -> Tensor:
        """The hidden states of the row before the one at hand, which is mirrored: [N, 2 width, W] -> [N, width, W]."""
        mirrored = x.flip(2)
        states = [self.place(mirrored[:, :, column], walk, walk.row - 1, column) for column in range(walk.width)]
        return torch.stack(states, 2).flip(2)

    def _first(self, x: Tensor) -> Tensor:
        return self.begin[0][None, None].expand(len(x), 1, -1)


def lstm(sums: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """One step of a long short-term memory: the new hidden state and cell, [N, width, P] each.

    sums: [N, 4 width, P], of each unit its output, forget and input gates and its new content, side by side, so that
    they belong to one colour. cell: [N, width, P].
    """
    output, forget, enter, content = sums.unflatten(1, (-1, 4)).unbind(2)
    cell = forget.sigmoid() * cell + enter.sigmoid() * content.tanh()
    return output.sigmoid() * cell.tanh(), cell


def skewed(x: Tensor) -> Tensor:
    """Maps [N, C, H, W] with each row a pixel further to the right than the one above: [N, C, H, W + H - 1].

    A column of it is a diagonal, from the lower left to the upper right.
    """
    height, width = x.shape[2:]
    wide = F.pad(x, (0, height)).flatten(2)[..., : height * (width + height - 1)]
    maps: Tensor = wide.unflatten(2, (height, width + height - 1))
    return maps


def straight(x: Tensor, width: int) -> Tensor:
    """What `skewed` maps were before: [N, C, H, W + H - 1] -> [N, C, H, W]."""
    height, wide = x.shape[2:]
    padded: Tensor = F.pad(x.flatten(2), (0, height)).unflatten(2, (height, wide + 1))
    return padded[..., :width]
