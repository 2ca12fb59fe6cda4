"""Networks from views with their rays to numbers for each pixel: by attention over patches, or mostly by state spaces,
whose time grows with the number of patches and not its square.

Xu et al. 2024, arXiv:2403.14621 (GRM), sections 3.1 and 3.2, whose code was never published; Ziwen et al. 2024,
arXiv:2410.12781 (Long-LRM), sections 3.1 and 3.2, and github.com/arthurhero/Long-LRM.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.vit import patchify, unpatchify
from saddlepoint.nn.layers.attention import Attention, Block
from saddlepoint.nn.layers.state_space import Mamba2Mixer

CHANNELS = 9
"""of a pixel that is read: three of colour and six of its ray"""
_HEAD = 16  # numbers that a head of a narrow layer has at least
_DEVIATION = 0.02  # of the first weights of matrices


@final
class CodeBlock(nn.Module):
    """Attention from tokens [N, L, width] to a code's tokens [N, M, width], added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width, heads)

    def forward(self, hidden: Tensor, code: Tensor) -> Tensor:
        output: Tensor = hidden + self.attention(self.norm(hidden), code)
        return output


@final
class _Doubled(nn.Module):
    """Maps [N, C, h, w] -> [N, C / 2, 2 h, 2 w]: each place becomes four, which then attend within windows.

    Those of the second block are moved by half a window; what is moved over the border comes back on the other side.
    """

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window, half = window, width // 2
        self.wide = nn.Linear(width, 4 * half)
        self.blocks = nn.ModuleList(Block(half, max(1, half // _HEAD)) for _ in range(2))

    def forward(self, maps: Tensor) -> Tensor:
        maps = nn.functional.pixel_shuffle(self.wide(maps.movedim(1, -1)).movedim(-1, 1), 2)
        n, _, height, width = maps.shape
        side = min(self.window, height, width)
        for number, block in enumerate(self.blocks):
            move = number * (side // 2)
            turned = maps.roll((-move, -move), (2, 3))
            windows = patchify(turned, side).reshape(-1, side * side, maps.shape[1])
            mixed = block(windows).view(n, -1, side * side * maps.shape[1])
            maps = unpatchify(mixed, side, (height, width)).roll((move, move), (2, 3))
        return maps


@final
class SplatTransformer(nn.Module):
    """Views with their rays [n, k, 9, H, W] -> numbers for each of their pixels [n, k, outputs, H, W].

    patch: pixels of a side of a patch, a power of two: as many doublings lead back to pixels. code: length of a code
    that every layer looks at, 0 for none; it is read as `parts` tokens.
    """

    def __init__(
        self, patch: int, width: int, heads: int, layers: int, window: int, outputs: int, code: int = 0, parts: int = 4
    ) -> None:
        super().__init__()
        self.patch, self.parts = patch, parts
        self.read = nn.Conv2d(CHANNELS, width, patch, patch)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        steps = int(math.log2(patch))
        self.doubled = nn.ModuleList(_Doubled(width // 2**step, window) for step in range(steps))
        self.head = nn.Linear(width // 2**steps + CHANNELS, outputs)
        if code:
            self.code = nn.Sequential(nn.Linear(code, width), nn.SiLU(), nn.Linear(width, parts * width))
            self.looks = nn.ModuleList(CodeBlock(width, heads) for _ in range(layers))

    def forward(self, views: Tensor, code: Tensor | None = None) -> Tensor:
        n, k = views.shape[:2]
        flat = views.flatten(0, 1)
        maps = self.read(flat)
        size = maps.shape[2:]
        hidden = maps.flatten(2).mT.unflatten(0, (n, k)).flatten(1, 2)  # tokens of all views side by side
        notes = None if code is None else self.code(code).unflatten(1, (self.parts, -1))
        for number, block in enumerate(self.blocks):
            if notes is not None:
                hidden = self.looks[number](hidden, notes)
            hidden = block(hidden)
        maps = self.norm(hidden).unflatten(1, (k, -1)).flatten(0, 1).mT.unflatten(2, tuple(size))
        for step in self.doubled:
            maps = step(maps)
        numbers: Tensor = self.head(torch.cat((maps, flat), 1).movedim(1, -1)).movedim(-1, 1)
        splats: Tensor = numbers.unflatten(0, (n, k)).float()
        return splats


@final
class TwoWayMixer(nn.Module):
    """A norm, then a Mamba-2 mixer over the row and over the row turned round, both added to what came in.

    Both directions have the same weights, so that to turn the input round turns the output round.
    """

    def __init__(self, width: int, state: int, head: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mixer = Mamba2Mixer(width, state=state, head=head)

    def forward(self, hidden: Tensor) -> Tensor:
        row = self.norm(hidden)
        output: Tensor = hidden + self.mixer(row) + self.mixer(row.flip(1)).flip(1)
        return output


@final
class LongSplatNetwork(nn.Module):
    """Views with their rays [n, k, 9, H, W] -> numbers for each of their pixels [n, k, outputs, H, W].

    patch: pixels of a side of a patch. width: of a token; four times as much once four neighbours are one token, which
    happens before block `merge`. layers: blocks; each eighth is attention, all others mix in two directions.
    """

    def __init__(
        self, patch: int, width: int, heads: int, layers: int, merge: int, state: int, head: int, outputs: int
    ) -> None:
        super().__init__()
        self.patch, self.merge, self.outputs = patch, merge, outputs
        self.read, self.read_norm = nn.Linear(CHANNELS * patch**2, width), nn.LayerNorm(width)
        self.whole = nn.Parameter(_DEVIATION * torch.randn(1, 2, width))
        self.blocks = nn.ModuleList()
        for number in range(layers):
            wide = width if number < merge else 4 * width
            self.blocks.append(Block(wide, heads) if number % 8 == 7 else TwoWayMixer(wide, state, head))
        self.four = nn.Conv2d(width, 4 * width, 2, 2, groups=width)
        self.wider = nn.Linear(width, 4 * width)
        self.norm, self.head = nn.LayerNorm(4 * width), nn.Linear(4 * width, outputs * (2 * patch) ** 2)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=_DEVIATION)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, views: Tensor) -> Tensor:
        n, k, _, height, width = views.shape
        rows, columns = height // self.patch, width // self.patch
        tokens = self.read_norm(self.read(patchify(views.flatten(0, 1), self.patch)))
        hidden = torch.cat((self.whole.expand(n, -1, -1), tokens.unflatten(0, (n, k)).flatten(1, 2)), 1)
        for number, block in enumerate(self.blocks):
            if number == self.merge:
                maps = hidden[:, 2:].unflatten(1, (k, rows, columns)).flatten(0, 1).permute(0, 3, 1, 2)
                four = self.four(maps).flatten(2).mT.unflatten(0, (n, k)).flatten(1, 2)
                hidden = torch.cat((self.wider(hidden[:, :2]), four), 1)
            hidden = block(hidden)
        numbers = self.head(self.norm(hidden[:, 2:])).unflatten(1, (k, -1)).flatten(0, 1)
        splats: Tensor = unpatchify(numbers, 2 * self.patch, (height, width)).unflatten(0, (n, k)).float()
        return splats
