"""Meshes: triangles over vertices in space, as one table of a fixed number of rows with counts in the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from PIL import ImageDraw
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.pictures import grid

_TILE, _FINER = 128, 2
_LIGHT = (0.35, -0.5, 0.8)
_MOST = 1 << 24
"""vertices: whole numbers up to here are exact as float32"""


@final
@dataclass(frozen=True)
class Mesh(Kind):
    """[1 + V + F, 3] float32, z up: a row (vertices, faces, 0) of counts, V rows x, y, z, F rows of three vertex
    numbers from 0, counter-clockwise seen from outside. Rows beyond the counts are 0."""

    word: ClassVar[str] = "meshes"
    endings: ClassVar[tuple[str, ...]] = (".ply", ".obj", ".npy", ".npz")

    vertices: int
    faces: int

    @property
    def shape(self) -> tuple[int, int]:
        """(1 + V + F, 3)"""
        return 1 + self.vertices + self.faces, 3

    @property
    def layout(self) -> str:
        """The parts of the table."""
        rows = f"counts, {self.vertices} rows of vertices, {self.faces} rows of vertex numbers"
        return f"{super().layout}: a row of {rows}"

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, 1 + V + F, 3] float32"""
        return stored.float()

    def example(self, n: int, seed: int) -> Tensor:
        """Double cones over rings of several sizes, which are closed."""
        stream = generator(seed, "example mesh", n)
        most = min(self.vertices - 2, self.faces // 2)
        if most < 3:
            raise ConfigError(f"meshes have 5 vertices and 6 faces at least, not {self.vertices} and {self.faces}.")
        rows = []
        for _ in range(n):
            ring = int(torch.randint(3, most + 1, (), generator=stream))
            turn = torch.arange(ring) * (2 * torch.pi / ring)
            wide, high = torch.rand(2, generator=stream) * 0.6 + 0.4
            places = torch.stack((wide * turn.cos(), wide * turn.sin(), torch.zeros(ring)), 1)
            places = torch.cat((places, torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]) * high))
            here, there = torch.arange(ring), (torch.arange(ring) + 1) % ring
            top = torch.stack((here, there, torch.full_like(here, ring)), 1)
            low = torch.stack((there, here, torch.full_like(here, ring + 1)), 1)
            rows.append(self.packed(places.numpy(), torch.cat((top, low)).numpy()))
        return torch.from_numpy(np.stack(rows))

    @classmethod
    def holding(cls, meshes: list[tuple[np.ndarray, np.ndarray]]) -> Self:
        """The smallest that holds all of these (vertices [v, 3], faces [f, 3])."""
        return cls(max(len(places) for places, _ in meshes), max(len(faces) for _, faces in meshes))

    def packed(self, places: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Vertices [v, 3] and faces [f, 3] as one table. Raises ConfigError for more than it holds."""
        if len(places) > self.vertices or len(faces) > self.faces or len(places) >= _MOST:
            raise ConfigError(
                f"a mesh of {len(places):,} vertices and {len(faces):,} faces is larger than the {self.vertices:,} and"
                f" {self.faces:,} that there is room for: simplify it."
            )
        table = np.zeros(self.shape, np.float32)
        table[0] = len(places), len(faces), 0
        table[1 : 1 + len(places)] = places
        table[1 + self.vertices : 1 + self.vertices + len(faces)] = faces
        return table

    def unpacked(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """One table as vertices [v, 3] float32 and faces [f, 3] int64, without the rows that are empty."""
        v, f = (int(count) for count in value[0, :2].tolist())
        return value[1 : 1 + v], value[1 + self.vertices : 1 + self.vertices + f].round().long()

    def checked(self, values: Tensor) -> Tensor:
        """As the networks see them. Raises ConfigError for counts or vertex numbers that are not there."""
        values = super().checked(values)
        tables = values.reshape(-1, *self.shape)
        most = torch.tensor([self.vertices, self.faces, 0])
        if bool(((tables[:, 0] < 0) | (tables[:, 0] > most)).any()):
            raise ConfigError(f"a mesh has more than {self.vertices:,} vertices or {self.faces:,} faces.")
        if any(len(f) and not 0 <= int(f.min()) <= int(f.max()) < len(v) for v, f in map(self.unpacked, tables)):
            raise ConfigError("a mesh has faces of vertices that it does not have.")
        return values

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Each mesh lit and seen from above one corner."""
        tiles = [np.asarray(lit(*self.unpacked(value), _TILE)) for value in values.float().cpu()]
        return grid(torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A PLY or OBJ file with comment lines, or numpy's own forms."""
        if path.suffix not in (".ply", ".obj"):
            return super().write(value, path, facts)
        places, faces = (part.cpu().numpy() for part in self.unpacked(value.float()))
        said = [f"{name}: {' '.join(text.split())}" for name, text in facts.items()]
        with path.open("w", encoding="utf-8") as file:
            if path.suffix == ".obj":
                file.writelines(f"# {line}\n" for line in said)
                file.writelines(f"v {x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in places)
                file.writelines(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in faces)
                return None
            file.write("ply\nformat ascii 1.0\n")
            file.writelines(f"comment {line}\n" for line in said)
            file.write(f"element vertex {len(places)}\nproperty float x\nproperty float y\nproperty float z\n")
            file.write(f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n")
            file.writelines(f"{x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in places)
            file.writelines(f"3 {a} {b} {c}\n" for a, b, c in faces)
        return None

    def __str__(self) -> str:
        return f"meshes of at most {self.vertices} vertices and {self.faces} faces"


def lit(places: Tensor, faces: Tensor, side: int, colours: np.ndarray | None = None) -> Pillow.Image:
    """Vertices [v, 3] and faces [f, 3] in a square seen from above one corner, the farthest faces first.

    colours: uint8 [f, 3] of the faces; grey for all by default.
    """
    turn, lift = 0.6, 0.5
    eye = torch.tensor([np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)], dtype=torch.float32)
    right = torch.tensor([-np.sin(turn), np.cos(turn), 0.0], dtype=torch.float32)
    up = torch.linalg.cross(eye, right)
    canvas = Pillow.new("RGB", (side * _FINER, side * _FINER), "white")
    if len(places) and len(faces):
        middle = places - (places.amax(0) + places.amin(0)) / 2
        reach = float(middle.norm(dim=1).max()) * 1.05 or 1.0
        flat = torch.stack((middle @ right, -(middle @ up)), 1) / (2 * reach) + 0.5
        corners = middle[faces]
        normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal = torch.nn.functional.normalize(normal, dim=1)
        light = torch.tensor(_LIGHT)
        bright = (0.4 + 0.6 * (normal @ (light / light.norm())).abs()).numpy()
        shade = np.full((len(faces), 3), 225, np.uint8) if colours is None else colours
        shade = (shade * bright[:, None]).astype(np.uint8)
        draw = ImageDraw.Draw(canvas)
        outlines = (flat[faces] * side * _FINER).tolist()
        for number in (corners.mean(1) @ eye).argsort().tolist():
            draw.polygon([tuple(corner) for corner in outlines[number]], fill=tuple(shade[number].tolist()))
    return canvas.resize((side, side), Pillow.Resampling.BOX)
