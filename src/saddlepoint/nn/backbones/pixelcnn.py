"""Networks that state something of each pixel from the pixels before it: convolutions in one stack or in two.

Plain: van den Oord et al. 2016 (PixelRNN), arXiv:1601.06759, table 1 and figure 5. Gated, without a blind spot: van den
Oord et al. 2016, arXiv:1606.05328, figure 2 and eq. 2-4. A channel of ones beside the image tells its edge from black
pixels, as in PixelCNN++ (arXiv:1701.05517, published code).
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.masked import MaskedConv2d, Walk

FIRST = 7
"""side of the first layer's window"""


def whole_groups(width: int, colours: int) -> int:
    """A number of channels, rounded up so that each colour has as many."""
    return -(-width // colours) * colours


def with_ones(image: Tensor) -> Tensor:
    """Images [N, C, H, W] with a channel of ones after the others."""
    return torch.cat([image, torch.ones_like(image[:, :1])], 1)


@final
class PixelCNN(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> [N, outputs, H, W]; what is said of a pixel depends on those before it alone.

    colours: 1, where a pixel's channels come all at once; C, where each also sees the channels before its own, and the
    outputs are blocks of equal size, one a channel. width: channels of the 3x3 convolutions; between the blocks there
    are twice as many.
    """

    classes = 0

    def __init__(self, shape: tuple[int, int, int], outputs: int, width: int, blocks: int, colours: int) -> None:
        super().__init__()
        self.shape, width = shape, whole_groups(width, colours)
        self.first = MaskedConv2d(shape[0] + 1, 2 * width, FIRST, "A", colours=colours, free=1)
        self.blocks = nn.ModuleList(_Residual(width, colours) for _ in range(blocks))
        self.head = Head(2 * width, outputs, colours)

    def forward(self, image: Tensor, label: Tensor | None = None, walk: Walk | None = None) -> Tensor:
        x = self.first(with_ones(image), walk)
        for block in self.blocks:
            x = block(x, walk)
        outputs: Tensor = self.head(x, walk)
        return outputs


@final
class _Residual(nn.Module):
    """Down to half of the channels, a 3x3 convolution, and up again, beside a path that changes nothing."""

    def __init__(self, width: int, colours: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                MaskedConv2d(2 * width, width, 1, "B", colours=colours),
                MaskedConv2d(width, width, 3, "B", colours=colours),
                MaskedConv2d(width, 2 * width, 1, "B", colours=colours),
            ]
        )

    def forward(self, x: Tensor, walk: Walk | None) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(F.relu(y), walk)
        return x + y


@final
class Head(nn.Module):
    """Two 1x1 convolutions, each after a ReLU: [N, width, H, W] -> [N, outputs, H, W]."""

    def __init__(self, width: int, outputs: int, colours: int) -> None:
        super().__init__()
        self.middle = MaskedConv2d(width, width, 1, "B", colours=colours)
        self.last = MaskedConv2d(width, outputs, 1, "B", colours=colours)

    def forward(self, x: Tensor, walk: Walk | None) -> Tensor:
        outputs: Tensor = self.last(F.relu(self.middle(F.relu(x), walk)), walk)
        return outputs


@final
class GatedPixelCNN(nn.Module):
    """The same in two stacks: a vertical one over all rows above, and a horizontal one along the own row.

    The vertical stack sees its own row from the second layer on, since what it holds of that row comes from the rows
    above alone; shifted down in every layer it would keep a blind spot. classes: with labels, 0 for none.
    map_channels: of maps that every place hears of its own place, whole from the start (eq. 5); 0 for none.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int,
        width: int,
        blocks: int,
        colours: int,
        classes: int = 0,
        map_channels: int = 0,
    ) -> None:
        super().__init__()
        self.shape, self.classes, width = shape, classes, whole_groups(width, colours)
        self.blocks = nn.ModuleList(
            _Gated(shape[0] + 1 if first else width, width, colours, classes, map_channels, first=first)
            for first in [True] + [False] * (blocks - 1)
        )
        self.head = Head(width, outputs, colours)

    def forward(
        self, image: Tensor, label: Tensor | None = None, walk: Walk | None = None, maps: Tensor | None = None
    ) -> Tensor:
        inputs = with_ones(image)
        links = self._links(inputs, label, walk, maps)
        x = inputs
        for block, link in zip(self.blocks, links):
            assert isinstance(block, _Gated)
            x = block.along(x, link, label, walk, maps)
        outputs: Tensor = self.head(x, walk)
        return outputs

    def _links(self, image: Tensor, label: Tensor | None, walk: Walk | None, maps: Tensor | None) -> list[Tensor]:
        """What each block's horizontal stack hears of the rows above; on a walk worked out once a row."""
        if walk is not None and walk.kept.get((self, "row"), -1) == walk.row:
            rows: list[Tensor] = walk.kept[self, "links"]
        else:
            x, rows = image, []
            for block in self.blocks:
                assert isinstance(block, _Gated)
                x, link = block.down(x, label, walk, maps)
                rows.append(link)
        if walk is None:
            return rows
        walk.kept[self, "row"], walk.kept[self, "links"] = walk.row, rows
        return [row[..., walk.column : walk.column + 1] for row in rows]


@final
class _Gated(nn.Module):
    """One layer of both stacks. The first one reads the image and has no path that skips it: it would show a pixel to
    itself."""

    def __init__(self, inputs: int, width: int, colours: int, classes: int, map_channels: int, *, first: bool) -> None:
        super().__init__()
        self.first, free, side = first, int(first), FIRST if first else 3
        self.vertical = MaskedConv2d(inputs, 2 * width, side, "above" if first else "rows")
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.horizontal = MaskedConv2d(inputs, 2 * width, (1, side), "A" if first else "B", colours=colours, free=free)
        self.out = MaskedConv2d(width, width, 1, "B", colours=colours)
        self.label = nn.Embedding(classes, 4 * width) if classes else None
        self.given = nn.Conv2d(map_channels, 4 * width, 1) if map_channels else None

    def down(self, x: Tensor, label: Tensor | None, walk: Walk | None, maps: Tensor | None) -> tuple[Tensor, Tensor]:
        """The vertical stack's maps, and what the horizontal one gets of them before they are gated."""
        x = self.vertical(x, walk)
        if walk is not None and maps is not None:
            maps = maps[:, :, walk.row : walk.row + 1]
        return gated(x + self._shift(label, maps, 0)), self.link(x)

    def along(self, x: Tensor, link: Tensor, label: Tensor | None, walk: Walk | None, maps: Tensor | None) -> Tensor:
        """The horizontal stack's maps."""
        if walk is not None and maps is not None:
            maps = maps[:, :, walk.row : walk.row + 1, walk.column : walk.column + 1]
        y: Tensor = self.out(gated(self.horizontal(x, walk) + link + self._shift(label, maps, 1)), walk)
        return y if self.first else x + y

    def _shift(self, label: Tensor | None, maps: Tensor | None, stack: int) -> Tensor | float:
        """What the class and the maps add to a stack, [N, 2 width, 1 or H, 1 or W]."""
        shift: Tensor | float = 0.0
        if self.label is not None and label is not None:
            shift = self.label(label).chunk(2, 1)[stack][:, :, None, None]
        if self.given is None or maps is None:
            return shift
        weight, bias = (
            each.chunk(2)[stack]  # type: ignore[union-attr]
            for each in (self.given.weight, self.given.bias)
        )
        return shift + F.conv2d(maps, weight, bias)


def gated(x: Tensor) -> Tensor:
    """tanh(a) sigmoid(b) of neighbouring channels a, b: [N, 2 width, H, W] -> [N, width, H, W].

    Neighbours belong to one colour, as the first and the second half of all channels would not.
    """
    a, b = x.unflatten(1, (-1, 2)).unbind(2)
    product: Tensor = a.tanh() * b.sigmoid()
    return product
