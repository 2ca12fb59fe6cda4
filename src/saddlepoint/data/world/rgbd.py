"""Scans of balls and boxes on a floor, red or blue: what a voxel is of needs its shape and its colour.

A thing stands near the middle of each grid and another beside it. The grid says which voxels have a surface and which
are known, without colours; three views show colours and depth. The class of each voxel of the middle column is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.solids import refuse_sizes
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.camera import NUMBERS, orbit, pose_of
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.scan import Scan, Scanned

SCANS = 800
CLASSES = ("nothing", "floor", "red ball", "blue ball", "red box", "blue box")
KIND = Scan(14, 13, 13, 3, 16, 16)
_SHELL = 0.7  # voxels from a surface within which a voxel is occupied
_FLOOR = 1.0  # height of the floor
_AWAY = 20.0  # of cameras, in voxels
_PAINT = ((0.85, 0.2, 0.2), (0.2, 0.3, 0.85))
_LIGHT = (0.4, -0.5, 0.77)


@final
class RGBD(World):
    """800 scans of 14x13x13 voxels, each with three views of 16x16 pixels."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        refuse_sizes(settings, "scans of 14x13x13 voxels")
        place = things(SCANS)
        scans = KIND.packed(scanned(place)).numpy()
        fields = {"scan": scans, "parts": columns(place).numpy().astype(np.uint8)}
        kinds = {"scan": KIND, "parts": Parts(KIND.depth, CLASSES)}
        return Dataset(fields, fingerprint(scans, None), settings.data, kinds=kinds)


@dataclass(frozen=True)
class Things:
    """Two things of each scan. middle: [n, 2, 3]. size: [n, 2], radius or half of a side. boxed, blue: [n, 2] bool.
    tone: [n, 2, 3], what is added to their paint."""

    middle: Tensor
    size: Tensor
    boxed: Tensor
    blue: Tensor
    tone: Tensor


def things(count: int) -> Things:
    """Those of the first scans; the first of each is near the middle."""
    draw = numpy_generator(SEED, "scans", count)
    size = draw.uniform(2.0, 3.0, (count, 2))
    angle = draw.uniform(0, 2 * np.pi, (count, 2))
    away = np.stack((draw.uniform(0, 1.2, count), draw.uniform(5.4, 6.0, count)), 1)
    x, y = KIND.width / 2 + away * np.cos(angle), KIND.height / 2 + away * np.sin(angle)
    size[:, 1] *= 0.8
    middle = np.stack((x, y, _FLOOR + size), 2)
    kinds = draw.random((count, 2, 2)) < 0.5
    tone = draw.uniform(-0.12, 0.12, (count, 2, 3))
    boxed, blue = (torch.from_numpy(kinds[..., k].copy()) for k in (0, 1))
    middles, sizes, tones = (torch.from_numpy(each).float() for each in (middle, size, tone))
    return Things(middles, sizes, boxed, blue, tones)


def distances(things: Things, place: Tensor) -> Tensor:
    """Signed distances of places [P, 3] to the floor and the two things.  [n, 3, P]"""
    away = place - things.middle[:, :, None]
    ball = away.norm(dim=3) - things.size[..., None]
    beyond = away.abs() - things.size[..., None, None]
    box = beyond.clamp_min(0).norm(dim=3) + beyond.amax(3).clamp_max(0)
    floor = (place[:, 2] - _FLOOR).expand(len(ball), 1, -1)
    return torch.cat((floor, torch.where(things.boxed[..., None], box, ball)), 1)


def columns(things: Things) -> Tensor:
    """The class of each voxel of the middle columns.  [n, D] int64"""
    middle = torch.arange(KIND.depth) + 0.5
    place = torch.stack((torch.full_like(middle, KIND.width / 2), torch.full_like(middle, KIND.height / 2), middle), 1)
    away = distances(things, place)
    owner = away.abs().argmin(1)
    thing = 2 + 2 * things.boxed.long() + things.blue.long()
    names = torch.cat((torch.ones(len(thing), 1, dtype=torch.long), thing), 1).gather(1, owner)
    return torch.where(away.amin(1).abs() <= _SHELL, names, torch.zeros_like(names))


def scanned(things: Things) -> Scanned:
    """The grids, and the views of three cameras that stand around each."""
    count = len(things.size)
    nearest = distances(things, KIND.middles()).amin(1)
    volume = torch.stack((nearest.abs() <= _SHELL, nearest > -_SHELL), 1).float()
    draw = numpy_generator(SEED, "cameras of scans", count)
    turn = draw.uniform(0, 2 * np.pi, (count, 1)) + np.arange(KIND.views) * 2 * np.pi / KIND.views
    turns, lifts = (torch.from_numpy(each).float().flatten()
                    for each in (turn, draw.uniform(0.5, 0.95, (count, KIND.views))))  # fmt: skip
    camera = orbit(turns, lifts, _AWAY, 18.0, KIND.columns)
    camera[:, [3, 7, 11]] += torch.tensor([KIND.width / 2, KIND.height / 2, 2.0])
    camera = camera.view(count, KIND.views, NUMBERS)
    colour, depth = _views(things, camera)
    return Scanned(volume.view(count, 2, KIND.depth, KIND.height, KIND.width), colour * 2 - 1, depth, camera)


def _views(things: Things, camera: Tensor) -> tuple[Tensor, Tensor]:
    """Colours [n, V, 3, h, w] in [0, 1] and depths [n, V, h, w] of what cameras see; white where nothing is."""
    rows, columns = torch.meshgrid(torch.arange(KIND.rows) + 0.5, torch.arange(KIND.columns) + 0.5, indexing="ij")
    lens, pose = camera[0, 0, 16:20], pose_of(camera)
    flat = torch.stack(((columns - lens[2]) / lens[0], (rows - lens[3]) / lens[1], torch.ones_like(rows)), -1)
    ray = flat.view(-1, 3) @ pose[..., :3, :3].transpose(2, 3)  # [n, V, R, 3], of length 1 along the axis
    start = pose[..., None, :3, 3]
    floor = (_FLOOR - start[..., 2]) / ray[..., 2].clamp_max(-1e-6)
    within = ((start + ray * floor[..., None])[..., :2] - KIND.width / 2).norm(dim=-1) < KIND.width
    met = [torch.where(within, floor, torch.full_like(floor, torch.inf))]
    normals = [torch.tensor([0.0, 0.0, 1.0]).expand_as(ray)]
    for number in range(2):
        middle, size = things.middle[:, number, None, None], things.size[:, number, None, None]
        away = start - middle
        a, b, c = ray.square().sum(-1), (away * ray).sum(-1), away.square().sum(-1) - size.square()
        root = b * b - a * c
        ball = torch.where(root > 0, (-b - root.clamp_min(0).sqrt()) / a, torch.full_like(root, torch.inf))
        safe = torch.where(ray.abs() < 1e-9, torch.full_like(ray, 1e-9), ray)
        one, other = (-size[..., None] - away) / safe, (size[..., None] - away) / safe
        enter, leave = torch.minimum(one, other), torch.maximum(one, other).amin(-1)
        box = torch.where(enter.amax(-1) < leave, enter.amax(-1), torch.full_like(leave, torch.inf))
        boxed = things.boxed[:, number, None, None]
        met.append(torch.where(boxed, box, ball))
        side = torch.nn.functional.one_hot(enter.argmax(-1), 3) * -ray.sign()
        radial = away + ray * torch.where(torch.isfinite(ball), ball, torch.zeros_like(ball))[..., None]
        normals.append(torch.where(boxed[..., None], side, radial / size[..., None]))
    depth, owner = torch.stack(met).min(0)
    normal = torch.stack(normals).gather(0, owner[None, ..., None].expand(1, *ray.shape))[0]
    light = torch.tensor(_LIGHT)
    bright = 0.5 + 0.5 * (normal @ (light / light.norm())).clamp_min(0)
    paint = (torch.tensor(_PAINT)[things.blue.long()] + things.tone).clamp(0, 1)  # [n, 2, 3]
    paints = torch.cat((torch.full((len(paint), 1, 3), 0.6), paint), 1)
    flat_owner = owner.flatten(1)[..., None].expand(-1, -1, 3)
    colour = paints.gather(1, flat_owner).view_as(ray) * bright[..., None]
    hit = torch.isfinite(depth)
    colour = torch.where(hit[..., None], colour, torch.ones_like(colour))
    shape = (len(paint), KIND.views, KIND.rows, KIND.columns)
    return colour.transpose(2, 3).reshape(*shape[:2], 3, *shape[2:]), torch.where(hit, depth, 0.0).view(shape)


WORLD = RGBD()
