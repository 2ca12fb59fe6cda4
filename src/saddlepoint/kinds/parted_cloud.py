"""Clouds with how likely each part is at each point: what a model that tells parts apart says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.cloud import Cloud, drawn
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.parts import coloured
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.ply import write_ply

_TILE = 128


@final
@dataclass(frozen=True)
class PartedCloud(Kind):
    """[P, 3 + parts] float32: x, y, z, then the probability of each part at that point."""

    word: ClassVar[str] = "parted clouds"
    endings: ClassVar[tuple[str, ...]] = (".ply", ".npy", ".npz")

    points: int
    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(P, 3 + parts)"""
        return self.points, 3 + len(self.names)

    @property
    def layout(self) -> str:
        """Places, then probabilities."""
        return f"{super().layout}: x, y, z, then the probability of {', '.join(self.names)}"

    def example(self, n: int, seed: int) -> Tensor:
        """Points on spheres with random probabilities."""
        stream = generator(seed, "example parted cloud", n)
        logits = torch.randn(n, self.points, len(self.names), generator=stream)
        return torch.cat((Cloud(self.points).example(n, seed), logits.softmax(2)), 2)

    def parts(self, values: Tensor) -> Tensor:
        """The likeliest part of each point, [..., P, 3 + parts] -> [..., P] int64."""
        return values[..., 3:].argmax(-1)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Each cloud seen from above one corner, every part in a colour of its own."""
        values = values.float().cpu()
        tiles = [np.asarray(drawn(each[:, :3], coloured(self.parts(each)), _TILE)) for each in values]
        return grid(torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A PLY file in the colours of the parts, with the number of each point's part, or numpy's own forms."""
        if path.suffix != ".ply":
            return super().write(value, path, facts)
        value = value.float().cpu()
        fields = {name: value[:, axis].numpy() for axis, name in enumerate("xyz")}
        part = self.parts(value)
        fields |= {name: coloured(part)[:, axis] for axis, name in enumerate(("red", "green", "blue"))}
        fields["part"] = part.numpy().astype(np.uint8)
        write_ply(path, fields, {**facts, "parts": ", ".join(f"{k} {name}" for k, name in enumerate(self.names))})
        return None

    def __str__(self) -> str:
        return f"clouds of {self.points} points in {len(self.names)} parts"
