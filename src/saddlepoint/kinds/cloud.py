"""Clouds: sets of points in space, the same number in each, with or without colour."""

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
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.ply import write_ply
from saddlepoint.kinds.scatter import scatter

_TILE = 128


@final
@dataclass(frozen=True)
class Cloud(Kind):
    """[P, 3 + features] float32: x, y, z with z up, then features; three features are colour in [0, 1]."""

    word: ClassVar[str] = "clouds"
    endings: ClassVar[tuple[str, ...]] = (".ply", ".npy", ".npz")

    points: int
    features: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(P, 3 + features)"""
        return self.points, 3 + self.features

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, P, 3 + features] of floating numbers."""
        if array.ndim != 3 or array.shape[2] < 3 or not np.issubdtype(array.dtype, np.floating):
            return None
        return cls(array.shape[1], array.shape[2] - 3)

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, P, 3 + features] float32"""
        return stored.float()

    def example(self, n: int, seed: int) -> Tensor:
        """Points on spheres, with even noise as features."""
        stream = generator(seed, "example cloud", n)
        places = torch.nn.functional.normalize(torch.randn(n, self.points, 3, generator=stream), dim=2)
        return torch.cat((places, torch.rand(n, self.points, self.features, generator=stream)), 2)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Each cloud seen from above one corner, nearer points over farther ones."""
        tiles = [np.asarray(drawn(cloud[:, :3], self._colours(cloud), _TILE)) for cloud in values.float().cpu()]
        return grid(torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A PLY file that viewers open, or numpy's own forms."""
        if path.suffix != ".ply":
            return super().write(value, path, facts)
        places, colours = value[:, :3].float().cpu().numpy(), self._colours(value.float().cpu())
        fields = {name: places[:, axis] for axis, name in enumerate("xyz")}
        if colours is not None:
            fields |= {name: colours[:, axis] for axis, name in enumerate(("red", "green", "blue"))}
        write_ply(path, fields, facts)
        return None

    def _colours(self, cloud: Tensor) -> np.ndarray | None:
        """uint8 [P, 3], where there are three features."""
        if self.features != 3:
            return None
        return (cloud[:, 3:].clamp(0, 1) * 255).round().to(torch.uint8).numpy()

    def __str__(self) -> str:
        return f"clouds of {self.points} points"


def drawn(places: Tensor, colours: np.ndarray | None, side: int) -> Pillow.Image:
    """Places [P, 3], z up, in a square seen from above one corner; without colours nearer points are darker."""
    turn, lift = 0.6, 0.5
    eye = torch.tensor([np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)], dtype=torch.float32)
    right = torch.tensor([-np.sin(turn), np.cos(turn), 0.0], dtype=torch.float32)
    up = torch.linalg.cross(eye, right)
    middle = places - places.mean(0)
    order = (middle @ eye).argsort()  # the farthest first
    reach = float(middle.norm(dim=1).max()) * 1.05 or 1.0
    if colours is None:
        near = torch.linspace(0.75, 0.1, len(places))
        colours = np.zeros((len(places), 3), np.uint8)
        colours[order.numpy()] = (near[:, None] * torch.tensor([255.0, 255.0, 255.0])).to(torch.uint8).numpy()
    flat = torch.stack((middle @ right, middle @ up), 1)[order]
    return scatter(flat, colours[order.numpy()], reach, side)
