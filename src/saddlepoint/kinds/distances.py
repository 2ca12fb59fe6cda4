"""Distances: shapes as signed distances to their surface on a grid of places, negative inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.mesh_files import MESH_ENDINGS
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.surface import Surface, drawn, surface_of, write_surface, write_turntable


@final
@dataclass(frozen=True)
class Distances(Kind):
    """[1, S, S, S] float32 in [-1, 1], stored as float16; axes are z, y, x, z up.

    The cube from -1 to 1 in each axis has S voxels a side; a value belongs to the middle of its voxel and is in the
    same unit, half the side of the cube. What is farther than 1 from a surface counts as 1.
    """

    word: ClassVar[str] = "signed distances"
    endings: ClassVar[tuple[str, ...]] = (*MESH_ENDINGS[::-1], ".npz", ".npy")
    sheets: ClassVar[tuple[str, ...]] = (".png", ".gif", ".mp4")

    side: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, S, S, S)"""
        return 1, self.side, self.side, self.side

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, 1, S, S, S] of floating numbers."""
        fits = array.ndim == 5 and array.shape[1] == 1 and len({*array.shape[2:]}) == 1
        return cls(array.shape[2]) if fits and np.issubdtype(array.dtype, np.floating) else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, 1, S, S, S] float32 in [-1, 1]"""
        return stored.float().clamp(-1, 1)

    def example(self, n: int, seed: int) -> Tensor:
        """Balls of several sizes around the middle."""
        radius = torch.rand(n, generator=generator(seed, "example distances", n)) * 0.4 + 0.3
        away = middles(self.side).norm(dim=-1)
        balls: Tensor = (away - radius.view(n, 1, 1, 1))[:, None].clamp(-1, 1)
        return balls

    def surface(self, value: Tensor) -> Surface:
        """The surface of one shape [1, S, S, S] in the unit of the cube. Raises MissingExtra without scikit-image."""
        surface = surface_of(value[0].float().cpu().numpy(), 0.0, 1.0)
        return Surface((surface.vertices + 0.5) * (2 / self.side) - 1, surface.faces, surface.normals)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The surfaces, lit and seen from above one corner."""
        return grid(drawn(_filled(values)), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The surface as a mesh in the unit of the cube, or numpy's own forms."""
        if path.suffix in MESH_ENDINGS:
            return write_surface(self.surface(value), path, facts)
        return super().write(value, path, facts)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The surfaces side by side, turned once around in a moving picture."""
        if path.suffix not in (".gif", ".mp4"):
            raise self.unknown_ending(path)
        write_turntable(_filled(values), path, facts)

    def __str__(self) -> str:
        return f"signed distances at {self.side}x{self.side}x{self.side} places"


def middles(side: int) -> Tensor:
    """The middles of the voxels of the cube from -1 to 1: x, y, z at each index z, y, x.  [side, side, side, 3]"""
    line = (torch.arange(side, dtype=torch.float32) + 0.5) * (2 / side) - 1
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    return torch.stack((x, y, z), -1)


def _filled(values: Tensor) -> Tensor:
    """Distances [n, 1, S, S, S] as shares of voxels that are inside, [n, S, S, S] in [0, 1]."""
    inside: Tensor = (0.5 - values[:, 0].float().cpu() * values.shape[2] / 4).clamp(0, 1)
    return inside
