"""Splats: scenes as many small Gaussians, as 3D Gaussian splatting keeps them. Kerbl et al. 2023, arXiv:2308.04079.

Each row is x y z, three logarithms of scale, a quaternion w x y z, the logit of opacity, then spherical harmonics with
the coefficient before the colour: 3 (degree + 1)^2 numbers. The .ply that viewers open has the colour before the
coefficient beyond degree 0.
"""

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
from saddlepoint.kinds.cloud import drawn
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.ply import write_ply
from saddlepoint.kinds.spz import spz_bytes

C0 = 0.28209479177387814
"""the constant spherical harmonic: a colour c in [0, 1] is stored as (c - .5) / C0"""
GEOMETRY = 11
"""numbers of a splat before its colour"""
_TILE = 192


@final
@dataclass(frozen=True)
class Splats(Kind):
    """[P, 11 + 3 (degree + 1)^2] float32; a splat whose logit of opacity is -inf is not there."""

    word: ClassVar[str] = "scenes of splats"
    endings: ClassVar[tuple[str, ...]] = (".ply", ".splat", ".spz", ".npy", ".npz")

    splats: int
    degree: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(P, 11 + 3 (degree + 1)^2)"""
        return self.splats, GEOMETRY + 3 * (self.degree + 1) ** 2

    def example(self, n: int, seed: int) -> Tensor:
        """Small grey splats around the origin."""
        values = torch.randn(n, *self.shape, generator=generator(seed, "example splats", n)) * 0.3
        values[..., 3:6] -= 3.0
        return values

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The middles of the visible splats in their colour, seen from above one corner."""
        tiles = []
        for scene in values.detach().float().cpu():
            visible = scene[scene[:, 10] > -3]
            colour = ((visible[:, GEOMETRY : GEOMETRY + 3] * C0 + 0.5).clamp(0, 1) * 255).to(torch.uint8).numpy()
            empty = np.full((_TILE, _TILE, 3), 255, np.uint8)
            tiles.append(np.asarray(drawn(visible[:, :3], colour, _TILE)) if len(visible) else empty)
        return grid(torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2), columns=columns)

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The authors' .ply, the .splat and .spz of web viewers, or numpy's own forms; without splats that are not
        there."""
        finite = value.detach().float().cpu()
        finite = finite[torch.isfinite(finite).all(1)]
        if path.suffix == ".ply":
            write_ply(path, self._columns(finite.numpy()), facts)
        elif path.suffix == ".splat":
            path.write_bytes(_web_form(finite))
        elif path.suffix == ".spz":
            rows = finite.numpy()
            waves = rows[:, GEOMETRY:].reshape(len(rows), -1, 3)
            path.write_bytes(spz_bytes(rows[:, :3], rows[:, 3:6], rows[:, 6:10], rows[:, 10], waves))
        else:
            super().write(finite, path, facts)

    def _columns(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """By the property names of the authors' files."""
        columns = {name: rows[:, axis] for axis, name in enumerate("xyz")}
        columns |= {name: np.zeros(len(rows), np.float32) for name in ("nx", "ny", "nz")}
        colour = rows[:, GEOMETRY:].reshape(len(rows), (self.degree + 1) ** 2, 3)
        columns |= {f"f_dc_{c}": colour[:, 0, c] for c in range(3)}
        rest = colour[:, 1:].transpose(0, 2, 1).reshape(len(rows), -1)  # colour before coefficient
        columns |= {f"f_rest_{index}": rest[:, index] for index in range(rest.shape[1])}
        columns |= {"opacity": rows[:, 10]}
        columns |= {f"scale_{axis}": rows[:, 3 + axis] for axis in range(3)}
        columns |= {f"rot_{axis}": rows[:, 6 + axis] for axis in range(4)}
        return columns

    def __str__(self) -> str:
        return f"scenes of {self.splats} splats"


def _web_form(rows: Tensor) -> bytes:
    """32 bytes a splat, the largest and most opaque first: place, scale, colour with opacity, rotation."""
    scale, opacity = rows[:, 3:6].exp(), rows[:, 10].sigmoid()
    order = (-scale.prod(1) * opacity).argsort()
    rows, scale, opacity = rows[order], scale[order], opacity[order]
    turn = torch.nn.functional.normalize(rows[:, 6:10], dim=1)
    colour = rows[:, GEOMETRY : GEOMETRY + 3] * C0 + 0.5
    packed = np.empty(len(rows), [("place", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("turn", "u1", 4)])
    packed["place"], packed["scale"] = rows[:, :3].numpy(), scale.numpy()
    packed["rgba"] = (torch.cat((colour, opacity[:, None]), 1) * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    packed["turn"] = (turn * 128 + 128).round().clamp(0, 255).to(torch.uint8).numpy()
    return packed.tobytes()
