"""Volumes: grids of voxels, each filled (1) or empty (0), or of values between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.mesh_files import MESH_ENDINGS
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.surface import drawn, surface_of, write_surface, write_turntable


@final
@dataclass(frozen=True)
class Volume(Kind):
    """[C, D, H, W] float32 in [0, 1], stored as bool or uint8 (0..1, or 0..255 as shares); axes are z, y, x, z up."""

    word: ClassVar[str] = "volumes"
    endings: ClassVar[tuple[str, ...]] = (".npz", ".npy", *MESH_ENDINGS)
    sheets: ClassVar[tuple[str, ...]] = (".png", ".gif", ".mp4")

    channels: int
    depth: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(C, D, H, W)"""
        return self.channels, self.depth, self.height, self.width

    @property
    def side(self) -> int:
        """Side of a cube in voxels. Raises ShapeError for any other box."""
        if not self.depth == self.height == self.width:
            raise ShapeError(f"this method makes cubes; the data is {self.width}x{self.height}x{self.depth} voxels.")
        return self.depth

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, C, D, H, W] of bool, uint8 or floating numbers."""
        kinds = (np.bool_, np.uint8, np.floating)
        return cls(*array.shape[1:]) if array.ndim == 5 and any(np.issubdtype(array.dtype, k) for k in kinds) else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, C, D, H, W] in [0, 1]; a grid of bytes that holds more than 1 is taken as shares of 255."""
        values = stored.float()
        return values / 255 if stored.dtype is torch.uint8 and bool((stored > 1).any()) else values

    def example(self, n: int, seed: int) -> Tensor:
        """Balls of several sizes, which fill a part of the grid."""
        axes = [torch.linspace(-1, 1, size) for size in self.shape[1:]]
        distance = torch.stack(torch.meshgrid(*axes, indexing="ij")).norm(dim=0)
        radius = torch.rand(n, generator=generator(seed, "example volume", n)) * 0.6 + 0.3
        balls: Tensor = (distance < radius.view(n, 1, 1, 1)).float()
        return balls[:, None].expand(n, *self.shape).contiguous()

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The surface where the first channel passes a half, lit and seen from above one corner."""
        return grid(drawn(values[:, 0].float().cpu()), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """numpy's own forms, or the surface at a half as a mesh whose unit is a voxel."""
        if path.suffix in MESH_ENDINGS:
            return write_surface(surface_of(value[0].float().cpu().numpy(), 0.5, 0.0), path, facts)
        return super().write(value, path, facts)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The surfaces side by side, turned once around in a moving picture."""
        if path.suffix not in (".gif", ".mp4"):
            raise self.unknown_ending(path)
        write_turntable(values[:, 0].float().cpu(), path, facts)

    def __str__(self) -> str:
        return f"volumes of {self.width}x{self.height}x{self.depth} voxels"
