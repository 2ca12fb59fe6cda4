"""Cameras: where a view was taken from and how. The one place of conventions.

Pose: camera to world, OpenCV's axes: x to the right, y down, z into the picture. World: z up, right-handed.
Intrinsics: focal lengths and principal point in pixels; pixel (i, j) has its centre at (i + .5, j + .5), so the middle
of a picture is (W / 2, H / 2). Files in OpenGL's axes (Blender, nerfstudio, instant-ngp: y up, z out of the picture)
have columns 1 and 2 of the pose negated on reading; COLMAP's world-to-camera poses are inverted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.scatter import scatter
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged

NUMBERS = 22
"""of a camera: 16 of the pose row by row, fx, fy, cx, cy, width, height"""


@final
@dataclass(frozen=True)
class Camera(Kind):
    """[22] float32: the pose [4, 4] row by row, then fx, fy, cx, cy, width and height in pixels."""

    word: ClassVar[str] = "cameras"
    endings: ClassVar[tuple[str, ...]] = (".json", ".npy", ".npz")
    mirrors: ClassVar[bool] = True
    condition: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int]:
        """(22,)"""
        return (NUMBERS,)

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, 22] of floating numbers."""
        return cls() if array.ndim == 2 and array.shape[1] == NUMBERS else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """The cameras of mirrored, averaged or windowed images."""
        pose, lens = stored[:, :16].float().view(-1, 4, 4), stored[:, 16:].float()
        if change.flip is not None:
            # The world is mirrored along x together with the picture: M pose M, and the principal point moves over.
            mirror = torch.tensor([-1.0, 1.0, 1.0, 1.0], device=pose.device)
            pose = torch.where(change.flip[:, None, None], mirror[:, None] * pose * mirror, pose)
            moved = torch.cat((lens[:, :2], lens[:, 4:5] - lens[:, 2:3], lens[:, 3:]), 1)
            lens = torch.where(change.flip[:, None], moved, lens)
        lens = lens / change.shrink
        if change.corner is not None:
            times = lens[:, 5:6] / change.height
            larger = 1 + change.jitter * times / lens[:, 5:6]
            wider = 1 + change.jitter * times / lens[:, 4:5]
            corner = change.corner.to(lens) * times  # row, column
            focal = torch.cat((lens[:, :1] * wider, lens[:, 1:2] * larger), 1)
            centre = torch.cat((lens[:, 2:3] * wider - corner[:, 1:], lens[:, 3:4] * larger - corner[:, :1]), 1)
            lens = torch.cat((focal, centre, lens[:, 4:]), 1)
        return torch.cat((pose.flatten(1), lens), 1)

    def example(self, n: int, seed: int) -> Tensor:
        """Cameras around the origin at distance 4, looking at it, 32 pixels a side."""
        angles = torch.rand(n, 2, generator=generator(seed, "example camera", n))
        return orbit(angles[:, 0] * 2 * math.pi, angles[:, 1] * 0.8 + 0.1, 4.0, 40.0, 32)

    def parse(self, text: str) -> Tensor:
        """The path of a JSON file with one camera, as `write` makes it.  [22]"""
        try:
            cameras = read_cameras(Path(text))
        except DataError as error:
            raise ConfigError(str(error)) from error
        if len(cameras) != 1:
            raise ConfigError(f"{text} holds {len(cameras)} cameras; give a file with one.")
        return cameras[0]

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Where the cameras stand, from above."""
        return scatter(values[:, [3, 7]])

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A JSON file with the pose and the intrinsics by name, or numpy's own forms."""
        if path.suffix != ".json":
            return super().write(value, path, facts)
        names = ("fx", "fy", "cx", "cy", "width", "height")
        numbers = value.detach().cpu().tolist()
        pose = [numbers[row * 4 : row * 4 + 4] for row in range(4)]
        content = {**facts, "axes": "OpenCV", "camera_to_world": pose, **dict(zip(names, numbers[16:]))}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return None

    def __str__(self) -> str:
        return "cameras"


def pose_of(camera: Tensor) -> Tensor:
    """Camera to world.  [..., 22] -> [..., 4, 4]"""
    pose: Tensor = camera[..., :16].unflatten(-1, (4, 4))
    return pose


def camera_of(pose: Tensor, fx: float, fy: float, cx: float, cy: float, width: float, height: float) -> Tensor:
    """Cameras of one lens.  Poses [..., 4, 4] -> [..., 22]. Raises ShapeError for another shape."""
    if pose.shape[-2:] != (4, 4):
        raise ShapeError(f"a pose is [4, 4], camera to world; this tensor is {list(pose.shape)}.")
    lens = torch.tensor([fx, fy, cx, cy, width, height], dtype=torch.float32, device=pose.device)
    return torch.cat((pose.float().flatten(-2), lens.expand(*pose.shape[:-2], 6)), -1)


def read_cameras(path: Path) -> Tensor:
    """The cameras of a JSON file, [n, 22]. Raises DataError for a file that holds none."""
    with judged(path, DataError):
        entries = documents.value(path)
    try:
        entries = entries if isinstance(entries, list) else [entries]
        names = ("fx", "fy", "cx", "cy", "width", "height")
        cameras = [
            camera_of(torch.tensor(entry["camera_to_world"], dtype=torch.float32), *map(float, lens))
            for entry in entries
            if (lens := [entry[name] for name in names])
        ]
        values = torch.stack(cameras)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(
            f"{path} holds no list of cameras with camera_to_world (4x4), fx, fy, cx, cy, width and height: {error}."
        ) from error
    if values.shape[1:] != (NUMBERS,) or not bool(torch.isfinite(values).all()):
        raise DataError(f"{path} holds a camera with a number that is not finite.")
    sizes = values[:, 20:]
    if not bool((sizes == sizes[0]).all()) or not bool(((sizes >= 1) & (sizes <= 4096)).all()):
        raise DataError(f"the cameras of {path} must be of one size, from 1 to 4,096 pixels a side.")
    return values


def orbit(turn: Tensor, lift: Tensor, distance: float, focal: float, side: int) -> Tensor:
    """Cameras that look at the origin.  Angles about z and above the ground [n] in radians -> [n, 22]

    distance: from the origin. focal: in pixels. side: of the square picture in pixels.
    """
    place = distance * torch.stack((turn.cos() * lift.cos(), turn.sin() * lift.cos(), lift.sin()), 1)
    return camera_of(looking(place, torch.zeros(3)), focal, focal, side / 2, side / 2, side, side)


def looking(place: Tensor, target: Tensor) -> Tensor:
    """Poses of cameras at `place` [n, 3] that look at `target` [3] or [n, 3], upright.  [n, 4, 4]"""
    ahead = torch.nn.functional.normalize(target - place, dim=1)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=place.dtype, device=place.device).expand_as(place)
    right = torch.linalg.cross(ahead, up)
    straight = right.norm(dim=1, keepdim=True) < 1e-6  # up or down: any direction is to the right
    right = torch.where(straight, torch.tensor([1.0, 0.0, 0.0], dtype=place.dtype, device=place.device), right)
    right = torch.nn.functional.normalize(right, dim=1)
    down = torch.linalg.cross(ahead, right)
    pose = torch.eye(4, dtype=place.dtype, device=place.device).repeat(len(place), 1, 1)
    pose[:, :3] = torch.stack((right, down, ahead, place), 2)
    return pose
