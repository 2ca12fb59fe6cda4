"""The surface within a grid of voxels: drawn by casting rays, turned once around, or taken out as a mesh."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import MissingExtra
from saddlepoint.kinds.mesh_files import write_mesh
from saddlepoint.kinds.moving import gif, mp4
from saddlepoint.kinds.pictures import grid

_SIDE = 96  # pixels of a picture
_LIGHT = (0.35, -0.5, 0.8)  # x, y, z
_STEPS = 160  # along a ray at most; fewer where voxels are large
_SEEN = 64  # voxels a side that a picture is drawn from
_VIEWS, _RATE = 24, 12  # of a turntable: views, and how many a second


@dataclass(frozen=True, eq=False)
class Surface:
    """A closed mesh around what is inside.

    vertices: [V, 3] float32 x, y, z in voxels, the middle of the first voxel at 0. faces: [F, 3] int64, anticlockwise
    seen from outside. normals: [V, 3] float32 of length 1, outward.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray


def drawn(solids: Tensor, turn: float = 0.6) -> Tensor:
    """Volumes [n, D, H, W] in [0, 1] as lit pictures [n, 1, side, side] in [-1, 1]; see `shaded`."""
    times = -(-max(solids.shape[1:]) // _SEEN)
    small = solids if times == 1 else F.avg_pool3d(solids[:, None], times)[:, 0]
    return torch.stack([shaded(solid, turn) for solid in small])


def write_turntable(solids: Tensor, path: Path, facts: Mapping[str, str]) -> None:
    """Volumes [n, D, H, W] in [0, 1] side by side, once around in a GIF or MP4 of two seconds."""
    caption = "; ".join(f"{name}: {text}" for name, text in facts.items())
    path.write_bytes((gif if path.suffix == ".gif" else mp4)(_around(solids), _RATE, caption))


def _around(solids: Tensor) -> Iterator[Pillow.Image]:
    for view in range(_VIEWS):
        yield grid(drawn(solids, 0.6 + 2 * math.pi * view / _VIEWS)).convert("RGB")


def shaded(volume: Tensor, turn: float = 0.6, lift: float = 0.5) -> Tensor:
    """A volume [D, H, W] (axes z, y, x) in [0, 1] as a lit picture [1, side, side] in [-1, 1], seen from afar.

    turn, lift: where the eye stands, as angles about z and above the ground in radians. Parallel rays; a hit is the
    first sample over one half, its normal the slope of the smoothed volume there.
    """
    eye = torch.tensor([np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)], dtype=torch.float32)
    right = torch.tensor([-np.sin(turn), np.cos(turn), 0.0], dtype=torch.float32)
    up = torch.linalg.cross(eye, right)
    line = torch.linspace(-1.5, 1.5, _SIDE)
    filled = torch.nonzero(volume > 0.5)
    if not len(filled):
        return torch.ones(1, _SIDE, _SIDE)
    size = torch.tensor(volume.shape)
    ends = (torch.stack((filled.amin(0), filled.amax(0) + 1)) * (2 / size) - 1).flip(1)  # x, y, z of two corners
    ends = ends + torch.tensor([[-1.0], [1.0]]) / size.flip(0)  # what is filled ends half a voxel on at most
    corners = torch.stack(torch.meshgrid(*ends.unbind(1), indexing="ij"), -1).view(8, 3)
    down, across, far = (corners @ axis for axis in (-up, right, eye))
    rows = slice(*torch.searchsorted(line, torch.stack((down.amin(), down.amax()))).tolist())
    columns = slice(*torch.searchsorted(line, torch.stack((across.amin(), across.amax()))).tolist())
    start = up * -line[rows, None, None] + right * line[None, columns, None]  # [height, width, 3]
    height, width = start.shape[:2]
    steps = min(_STEPS, 6 * max(volume.shape))
    depth = torch.linspace(float(far.max()), float(far.min()), steps)
    places = (start[None] + eye * depth[:, None, None, None]).view(1, steps, height, width, 3)
    dense = F.grid_sample(volume[None, None], places, align_corners=False, padding_mode="zeros")[0, 0]
    inside = dense > 0.5
    hit = inside.any(0)
    first = inside.float().argmax(0)  # the nearest sample inside, as depth falls
    smooth = F.avg_pool3d(volume[None, None], 3, 1, 1)
    slopes = torch.stack(torch.gradient(smooth[0, 0]))[[2, 1, 0]]  # x, y, z
    spots = places[0].gather(0, first[None, ..., None].expand(1, -1, -1, 3)).view(1, 1, height, width, 3)
    normal = -F.grid_sample(slopes[None], spots, align_corners=False)[0, :, 0]  # [3, height, width]
    normal = normal / normal.norm(dim=0).clamp_min(1e-6)
    light = torch.tensor(_LIGHT)
    bright = 0.35 + 0.6 * (normal * (light / light.norm()).view(3, 1, 1)).sum(0).clamp_min(0)
    picture = torch.ones(1, _SIDE, _SIDE)
    picture[0, rows, columns] = torch.where(hit, bright * 2 - 1, torch.ones(()))
    return picture


def surface_of(values: np.ndarray, level: float, outside: float) -> Surface:
    """The surface where values [D, H, W] (axes z, y, x) pass `level`, by marching cubes. Lorensen & Cline 1987.

    outside: what lies around the grid; on its side of `level` is outside. A grid that does not pass it has no surface.
    Raises MissingExtra without scikit-image.
    """
    try:
        measure = importlib.import_module("skimage.measure")
    except ImportError as error:
        raise MissingExtra("a mesh of a volume needs scikit-image: pip install 'saddlepoint[shape]'.") from error
    sign = 1.0 if outside < level else -1.0
    padded = np.pad(np.asarray(values, np.float32), 1, constant_values=outside) * sign
    if not padded.max() > level * sign:
        return Surface(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64), np.zeros((0, 3), np.float32))
    # With more inside than outside, "ascent" gives faces and normals that both point outward; axes in the order x, y, z
    # instead of z, y, x turn the faces round once more.
    vertices, faces, normals, _ = measure.marching_cubes(padded, level * sign, gradient_direction="ascent")
    return Surface(vertices[:, ::-1] - 1, faces[:, ::-1].astype(np.int64), normals[:, ::-1])


def write_surface(surface: Surface, path: Path, facts: Mapping[str, str]) -> None:
    """A mesh file by the ending of `path`: .obj, .ply or .glb."""
    write_mesh(path, surface.vertices, surface.faces, surface.normals, facts)
