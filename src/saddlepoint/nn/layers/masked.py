"""Layers that see only what comes before: linear ones by degrees, convolutions by rows, columns and channel groups.

Degrees: Germain et al. 2015 (MADE), arXiv:1502.03509, eq. 8 and 9. Masks A and B: van den Oord et al. 2016 (PixelRNN),
arXiv:1601.06759, section 3.4. Rows above apart from the own row: van den Oord et al. 2016, arXiv:1606.05328, section
2.2. A `Walk` is the cache with which images are made pixel by pixel.
"""

from __future__ import annotations

from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Part = Literal["A", "B", "above", "rows"]
"""What a place sees of an image: what comes before it in reading order and of the place itself the groups of channels
before its own (A) or these and its own (B); the rows above it (above); these and its own row (rows)."""


def not_later(of_inputs: Tensor, of_outputs: Tensor, *, strictly: bool = False) -> Tensor:
    """Which inputs each output may see: those whose degree is at most its own, or, `strictly`, less.

    Degrees [inputs] and [outputs] -> bool [outputs, inputs], the shape of a linear layer's weight.
    """
    before = of_inputs[None] < of_outputs[:, None]
    return before if strictly else before | (of_inputs[None] == of_outputs[:, None])


@final
class MaskedLinear(nn.Linear):
    """[N, inputs] -> [N, outputs] through the weights that a mask [outputs, inputs] lets through."""

    def forward(self, input: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        return F.linear(input, self.weight * mask, self.bias)


@final
class Walk:
    """A way through images of one size, place by place in reading order, and what the layers have computed on it.

    row, column: the place at hand; who walks moves them. A layer that is given a walk computes the place at hand alone
    and keeps what later places need of it, so a walk over H W places costs about as much as one pass over an image.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.row = self.column = 0
        self.kept: dict[Any, Any] = {}


@final
class MaskedConv2d(nn.Conv2d):
    """A convolution over the `part` of its surroundings that comes before; [N, inputs, H, W] -> [N, outputs, H, W].

    kernel: height and width of the whole window, odd; the rows and columns of it that no place sees are left out, so
    the weight is smaller, and what lies beyond the image's edge counts as 0. colours: into how many groups both inputs
    and outputs are cut, as blocks in order (red, green, blue), alike in every layer. free: the last so many inputs
    belong to no group and are seen by all.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        part: Part,
        *,
        colours: int = 1,
        free: int = 0,
        bias: bool = True,
    ) -> None:
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.part, self.up, self.side = part, height // 2, width // 2
        rows = self.up + (part != "above")
        self.right = 0 if rows == 1 and part in ("A", "B") else self.side  # columns that may be seen, in rows above
        super().__init__(inputs, outputs, (rows, self.side + 1 + self.right), bias=bias)
        self.colours, self.free = colours, free
        self._mask: Tensor | None = None

    @property
    def mask(self) -> Tensor:
        """Where the weight counts, bool; made when it is first asked for, and in no checkpoint."""
        if self._mask is None or self._mask.device != self.weight.device:
            mask = torch.ones_like(self.weight, dtype=torch.bool)
            if self.part in ("A", "B"):
                tied = _groups(self.in_channels - self.free, self.colours)
                of_inputs = torch.cat([tied, torch.full((self.free,), -1)])
                of_outputs = _groups(self.out_channels, self.colours)
                mask[:, :, -1, self.side + 1 :] = False
                mask[:, :, -1, self.side] = not_later(of_inputs, of_outputs, strictly=self.part == "A")
            self._mask = mask
        return self._mask

    def forward(self, input: Tensor, walk: Walk | None = None) -> Tensor:
        """The whole map; or, on a walk, the place at hand, [N, outputs, 1, 1], of "above" and "rows" its whole row.

        On a walk the input of "A" and "above" is the image as far as it is known, [N, inputs, H, W]; that of "B" and
        "rows" is what the layer before has computed of the place, or row, at hand.
        """
        sides = (self.side, self.right)
        if walk is None:
            weight = self.weight * self.mask
            if self.part == "above":
                input = F.pad(input, (*sides, self.up, 0))[:, :, :-1]  # a row down: no row sees itself
                return F.conv2d(input, weight, self.bias)
            return F.conv2d(F.pad(input, (*sides, self.up, 0)), weight, self.bias)
        weight = self._kept(walk, "weight", lambda: self.weight * self.mask)
        alone = self.part == "B" and self.kernel_size == (1, 1)
        patch = input if alone else self._surroundings(input, walk)
        if patch.shape[2:] == weight.shape[2:]:
            return F.linear(patch.flatten(1), weight.flatten(1), self.bias)[:, :, None, None]
        return F.conv2d(patch, weight, self.bias)

    def _surroundings(self, input: Tensor, walk: Walk) -> Tensor:
        """What the place at hand, or its row, sees: [N, inputs, rows, columns]."""
        whole_row = self.part in ("above", "rows")
        columns = slice(0, walk.width) if whole_row else slice(walk.column, walk.column + 1)
        size = (walk.height + self.up, walk.width + self.side + self.right)
        room = self._kept(walk, "room", lambda: input.new_zeros(*input.shape[:2], *size))
        if self.part in ("B", "rows"):
            room[:, :, walk.row + self.up, columns.start + self.side : columns.stop + self.side] = input[:, :, 0]
        else:  # the first layer: all that is known of the image by now
            first = max(0, walk.row - self.up)
            known = input[:, :, first : walk.row + 1]
            room[:, :, first + self.up : walk.row + 1 + self.up, self.side : self.side + walk.width] = known
        rows = slice(walk.row, walk.row + self.weight.shape[2])
        return room[:, :, rows, columns.start : columns.stop + self.side + self.right]

    def _kept(self, walk: Walk, name: str, make: Any) -> Tensor:
        key = (self, name)
        if key not in walk.kept:
            walk.kept[key] = make()
        value: Tensor = walk.kept[key]
        return value


def _groups(channels: int, groups: int) -> Tensor:
    """The group of each channel: blocks in order, of equal size where the number allows it."""
    return torch.arange(channels) * groups // max(channels, 1)
