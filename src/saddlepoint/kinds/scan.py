"""Scans: a grid of what is occupied and known of a place, with views in colour and depth, as one row of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.camera import NUMBERS, orbit
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pictures import grid


class Scanned(NamedTuple):
    """Scans as what they hold.

    volume: [n, 2, D, H, W], 1 where a voxel is occupied, and where it is known; axes z, y, x. colour: [n, V, 3, h, w]
    in [-1, 1]. depth: [n, V, h, w] along the camera's axis, 0 where nothing is. camera: [n, V, 22] of `kinds.camera`.
    Lengths are counted in voxels: that of row k, j, i of the grid has its middle at x = i + .5, y = j + .5, z = k + .5.
    """

    volume: Tensor
    colour: Tensor
    depth: Tensor
    camera: Tensor


@final
@dataclass(frozen=True)
class Scan(Kind):
    """[2 D H W + V (4 h w + 22)] float32: the grid, then of each view its colours, its depth and its camera."""

    word: ClassVar[str] = "scans"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    depth: int
    height: int
    width: int
    views: int
    rows: int
    columns: int

    @property
    def voxels(self) -> int:
        """Of the grid."""
        return self.depth * self.height * self.width

    def middles(self) -> Tensor:
        """x, y and z of the middles of the grid's voxels, z slowest.  [D H W, 3]"""
        axes = (torch.arange(size) + 0.5 for size in (self.depth, self.height, self.width))
        z, y, x = torch.meshgrid(*axes, indexing="ij")
        return torch.stack((x, y, z), -1).view(-1, 3)

    @property
    def shape(self) -> tuple[int]:
        """(numbers,)"""
        return (2 * self.voxels + self.views * (4 * self.rows * self.columns + NUMBERS),)

    @property
    def layout(self) -> str:
        """The parts of a row."""
        return (
            f"{super().layout}: a grid of 2x{self.depth}x{self.height}x{self.width}, then of {self.views} views each"
            f" 3x{self.rows}x{self.columns} colours, {self.rows}x{self.columns} depths and the camera"
        )

    def packed(self, parts: Scanned) -> Tensor:
        """Scans as rows.  [n, numbers]"""
        n = len(parts.volume)
        views = (parts.colour.flatten(2), parts.depth.flatten(2), parts.camera)
        return torch.cat((parts.volume.reshape(n, -1).float(), torch.cat(views, 2).flatten(1).float()), 1)

    def unpacked(self, values: Tensor) -> Scanned:
        """Rows [n, numbers] as what they hold."""
        n, pixels = len(values), self.rows * self.columns
        volume = values[:, : 2 * self.voxels].reshape(n, 2, self.depth, self.height, self.width)
        views = values[:, 2 * self.voxels :].reshape(n, self.views, 4 * pixels + NUMBERS)
        colour = views[..., : 3 * pixels].reshape(n, self.views, 3, self.rows, self.columns)
        depth = views[..., 3 * pixels : 4 * pixels].reshape(n, self.views, self.rows, self.columns)
        return Scanned(volume, colour, depth, views[..., 4 * pixels :])

    def example(self, n: int, seed: int) -> Tensor:
        """Floors of random colours, seen from above."""
        stream = generator(seed, "example scan", n)
        volume = torch.zeros(n, 2, self.depth, self.height, self.width)
        volume[:, :, 0] = 1
        count = n * self.views
        colour = torch.rand(n, self.views, 3, self.rows, self.columns, generator=stream) * 2 - 1
        turn, far = torch.rand(count, generator=stream) * 6, 2.0 * max(self.height, self.width)
        camera = orbit(turn, torch.full((count,), 0.8), far, 1.2 * self.columns, self.columns)
        camera[:, [3, 7]] += torch.tensor([self.width / 2, self.height / 2])
        camera[:, [19, 21]] = torch.tensor([self.rows / 2, float(self.rows)])
        depth = torch.full((n, self.views, self.rows, self.columns), far)
        return self.packed(Scanned(volume, colour, depth, camera.view(n, self.views, NUMBERS)))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The first view of each."""
        return grid(self.unpacked(values.float().cpu()).colour[:, 0].clamp(-1, 1), columns=columns)

    @classmethod
    def of(cls, array: np.ndarray) -> None:
        """None: a row does not say how it is cut."""
        return None

    def __str__(self) -> str:
        size = f"{self.width}x{self.height}x{self.depth}"
        return f"scans of {size} voxels with {self.views} views of {self.columns}x{self.rows} pixels"
