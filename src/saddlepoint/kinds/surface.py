"""The surface of a volume at one half: drawn by casting rays through the voxels, or written as a mesh."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import MissingExtra

_SIDE = 96  # pixels of a picture
_LIGHT = (0.35, -0.5, 0.8)  # x, y, z
_STEPS = 160


def shaded(volume: Tensor, turn: float = 0.6, lift: float = 0.5) -> Tensor:
    """A volume [D, H, W] (axes z, y, x) in [0, 1] as a lit picture [1, side, side] in [-1, 1], seen from afar.

    turn, lift: where the eye stands, as angles about z and above the ground in radians. Parallel rays; a hit is the
    first sample over one half, its normal the slope of the smoothed volume there.
    """
    eye = torch.tensor([np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)], dtype=torch.float32)
    right = torch.tensor([-np.sin(turn), np.cos(turn), 0.0], dtype=torch.float32)
    up = torch.linalg.cross(eye, right)
    line = torch.linspace(-1.5, 1.5, _SIDE)
    start = up * -line[:, None, None] + right * line[None, :, None]  # [side, side, 3]
    depth = torch.linspace(1.8, -1.8, _STEPS)
    places = (start[None] + eye * depth[:, None, None, None]).view(1, _STEPS, _SIDE, _SIDE, 3)
    dense = F.grid_sample(volume[None, None], places, align_corners=False, padding_mode="zeros")[0, 0]
    inside = dense > 0.5
    hit = inside.any(0)
    first = inside.float().argmax(0)  # the nearest sample inside, as depth falls
    smooth = F.avg_pool3d(volume[None, None], 3, 1, 1)
    slopes = torch.stack(torch.gradient(smooth[0, 0]))[[2, 1, 0]]  # x, y, z
    spots = places[0].gather(0, first[None, ..., None].expand(1, -1, -1, 3)).view(1, 1, _SIDE, _SIDE, 3)
    normal = -F.grid_sample(slopes[None], spots, align_corners=False)[0, :, 0]  # [3, side, side]
    normal = normal / normal.norm(dim=0).clamp_min(1e-6)
    light = torch.tensor(_LIGHT)
    bright = 0.35 + 0.6 * (normal * (light / light.norm()).view(3, 1, 1)).sum(0).clamp_min(0)
    return torch.where(hit, bright * 2 - 1, torch.ones(()))[None]


def write_surface(volume: np.ndarray, path: Path, facts: Mapping[str, str]) -> None:
    """The surface at one half as an OBJ file with comment lines, in voxels, outward faces; an empty volume has none.

    Raises MissingExtra without scikit-image.
    """
    try:
        measure = importlib.import_module("skimage.measure")
    except ImportError as error:
        raise MissingExtra("an OBJ file of a volume needs scikit-image: pip install 'saddlepoint[shape]'.") from error
    padded = np.pad(volume, 1)
    vertices, faces = np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    if padded.max() > 0.5:
        vertices, faces, _, _ = measure.marching_cubes(padded, 0.5)
        vertices = vertices[:, ::-1] - 1  # z, y, x to x, y, z, which turns the faces round
        faces = faces[:, ::-1]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"# {name}: {' '.join(text.split())}\n" for name, text in facts.items())
        file.writelines(f"v {x:.5f} {y:.5f} {z:.5f}\n" for x, y, z in vertices)
        file.writelines(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in faces)
