"""The trunk of a vision transformer: an image as a row of patches, read by attention. Dosovitskiy et al. 2021,
arXiv:2010.11929, eq. 1 to 4.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.nn.layers.attention import Block, waves

_EPSILON = 1e-6
"""of the norms, as the authors' code has it"""


def patches_of(image: Image, patch: int) -> tuple[int, int]:
    """Rows and columns of patches of `patch` pixels a side. Raises ConfigError for a side that they do not divide."""
    if image.height % patch or image.width % patch:
        raise ConfigError(
            f"patches of {patch} pixels do not divide images of {image.width}x{image.height}: use --resolution"
            f" {_nearest(image.width, patch)}x{_nearest(image.height, patch)}, or another --patch."
        )
    return image.height // patch, image.width // patch


def _nearest(side: int, patch: int) -> int:
    return max(2, round(side / patch)) * patch


def patchify(image: Tensor, patch: int) -> Tensor:
    """[N, C, H, W] -> [N, rows x columns, patch x patch x C], row by row; a patch is [patch, patch, C]."""
    n, channels, height, width = image.shape
    cut = image.reshape(n, channels, height // patch, patch, width // patch, patch)
    return cut.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, patch: int, size: tuple[int, int]) -> Tensor:
    """The inverse of `patchify`; size: (H, W) of the images.  [N, C, H, W]"""
    rows, columns = size[0] // patch, size[1] // patch
    cut = patches.unflatten(1, (rows, columns)).unflatten(3, (patch, patch, -1))
    return cut.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)  # type: ignore[no-any-return]


def waves_2d(rows: int, columns: int, width: int) -> Tensor:
    """Fixed positions of a grid of patches, [rows x columns, width]: waves of the column, then waves of the row.

    width: a multiple of 4. He et al. 2022, arXiv:2111.06377, use these in encoder and decoder.
    """
    across = waves(columns, width // 2).repeat(rows, 1)
    down = waves(rows, width // 2).repeat_interleave(columns, 0)
    return torch.cat((across, down), 1)


@final
class VisionTrunk(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> [N, 1 + patches, width]: what stands for the image, then for each patch.

    patch: pixels of a side of a patch. fixed: positions are waves that do not learn, and the class token has none.
    """

    def __init__(
        self,
        image: Image,
        patch: int,
        *,
        layers: int,
        heads: int,
        width: int,
        dropout: float = 0.0,
        fixed: bool = False,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(f"{heads} heads do not divide a width of {width}: choose --heads that do.")
        self.grid, self.patch, self.width = patches_of(image, patch), patch, width
        places = self.grid[0] * self.grid[1]
        self.embed = nn.Conv2d(image.channels, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        if fixed:
            if width % 4:
                raise ConfigError(f"fixed positions need a width that 4 divides, not {width}.")
            positions = torch.cat((torch.zeros(1, width), waves_2d(*self.grid, width)))[None]
            self.register_buffer("positions", positions)
        else:
            self.positions = nn.Parameter(torch.zeros(1, 1 + places, width))
            nn.init.trunc_normal_(self.positions, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout=dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        initialise(self)
        nn.init.normal_(self.class_token, std=0.02)
        nn.init.xavier_uniform_(self.embed.weight.flatten(1))
        assert self.embed.bias is not None
        nn.init.zeros_(self.embed.bias)

    def forward(self, image: Tensor) -> Tensor:
        tokens: Tensor = self.read(self.placed(image))
        return tokens

    def placed(self, image: Tensor) -> Tensor:
        """The patches with their positions, without the class token.  [N, patches, width]"""
        patches: Tensor = self.embed(image).flatten(2).transpose(1, 2) + self.positions[:, 1:]
        return patches

    def read(self, patches: Tensor) -> Tensor:
        """Patches that have their positions, all or some of them, [N, M, width] -> [N, 1 + M, width]."""
        start = (self.class_token + self.positions[:, :1]).expand(len(patches), -1, -1)
        hidden = self.dropout(torch.cat((start, patches), 1))
        for block in self.blocks:
            hidden = block(hidden)
        tokens: Tensor = self.norm(hidden)
        return tokens


def initialise(network: nn.Module) -> None:
    """Xavier for every linear layer, zeros for its bias (N(0, 1e-6) within the blocks); norms as they are."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=1e-6) if ".mlp." in name else nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            module.eps = _EPSILON
