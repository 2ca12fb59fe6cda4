"""How rightly the surfaces that unseen cameras see are turned, beside those of the visual hull of the views.

Of world:scene, whose surfaces are known. The depth that a model draws is turned into normals as `saddle render` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.scene import DISTANCE, distances
from saddlepoint.data.world.tracing import met, rays_of, upright
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.render.hull import background_of, sight, solid_cells
from saddlepoint.nn.render.normals import normals

_SOLID = 0.5  # opacity from where on a pixel shows a surface
_NEAR, _FAR = DISTANCE - 1.6, DISTANCE + 1.6
_SIDE, _STEPS = 64, 256  # cells of the hull, and places along a ray that are looked up in it


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean angle in degrees between normals and the true ones, over pixels that show something, with depth's error.

    A pixel that a model leaves empty counts 90 degrees. depth: root of the mean squared error, in units of the scene,
    over pixels that both show. psnr: of the pictures, mean over views.
    """
    if not dataset.source.startswith("world:scene"):
        raise ConfigError(f"this measure knows the surfaces of world:scene, not those of {dataset.source}.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images = torch.from_numpy(np.array(dataset.fields["image"])).double()
    cameras = torch.from_numpy(np.array(dataset.fields["camera"]))
    drawn = model.do("render", {"camera": cameras[held_out]}, batch=1)
    own = torch.where(drawn["opacity"] > _SOLID, drawn["depth"], torch.zeros_like(drawn["depth"]))[:, 0]
    truth = [_true(camera) for camera in cameras[held_out]]
    hull = _hull(images[train].float() / 255, cameras[train], cameras[held_out])
    nearest = torch.cdist(cameras[held_out][:, [3, 7, 11]], cameras[train][:, [3, 7, 11]]).argmin(1)
    beside = cameras[train][nearest]
    near = [_true(camera) for camera in beside]

    def row(kind: str, name: str, depth: list[Tensor], upward: list[Tensor], pictures: Tensor) -> dict[str, Any]:
        angles, errors = [], []
        for (true, solid), one, normal in zip(truth, depth, upward):
            shows, both = true > 0, (true > 0) & (one > 0)
            cosine = (solid * normal).sum(0)[shows].clamp(-1, 1)
            angles.append(torch.rad2deg(torch.acos(cosine)))
            errors.append((one - true)[both].square())
        gap = ((pictures - images[held_out]) ** 2).mean((1, 2, 3)).clamp_min(1 / 12)
        return {
            "kind": kind,
            "name": name,
            "angle": float(torch.cat(angles).mean()),
            "depth": float(torch.cat(errors).mean().sqrt()) if sum(map(len, errors)) else float(_FAR),
            "psnr": float((10 * torch.log10(255**2 / gap)).mean()),
        }

    def turned(depth: list[Tensor]) -> list[Tensor]:
        return [normals(one[None], camera) for one, camera in zip(depth, cameras[held_out])]

    mine, true = list(own), [one for one, _ in truth]
    pictures, shown = (drawn["image"].double().clamp(-1, 1) + 1) * 127.5, images[train][nearest]
    rows = (
        row("generated", model.name, mine, turned(mine), pictures),
        row("real", "the true depth", true, turned(true), images[held_out]),
        row("baseline", "naive: the visual hull", [one for one, _ in hull], [one for _, one in hull], shown),
        row("other", "naive: the nearest view", [one for one, _ in near], [one for _, one in near], shown),
    )
    return Table(
        rows,
        f"{len(held_out)} held-out views; angles in degrees, depth in units of the scene. The hull and the nearest view"
        " have the picture of the nearest view, and that one its true surface.",
    )


def _true(camera: Tensor) -> tuple[Tensor, Tensor]:
    """Depth along the axis [H, W], 0 where nothing is, and normals [3, H, W] of the world's surfaces."""
    start, ray, cosine = rays_of(camera)
    width, height = (int(number) for number in camera[20:].tolist())

    def distance(place: Tensor) -> Tensor:
        return distances(place).amin(0)

    travelled = met(distance, start, ray, _NEAR, _FAR)
    hit = torch.isfinite(travelled)
    far = torch.where(hit, travelled, torch.zeros_like(travelled))
    normal = upright(distance, start + ray * far[:, None]) * hit[:, None]
    return (far * cosine).view(height, width), normal.T.reshape(3, height, width)


def _hull(images: Tensor, taken: Tensor, cameras: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Depth [H, W] and normals [3, H, W] of the hull of views, as cameras see it."""
    scene, background = sight(taken), background_of(images)
    assert background is not None
    inside = solid_cells(images, taken, background, scene.centre, scene.radius, _SIDE)
    block = torch.nn.functional.avg_pool3d(inside.float().view(1, 1, *(_SIDE,) * 3), 5, 1, 2)[0, 0]
    slope = torch.stack(torch.gradient(block), -1).view(-1, 3)
    views = []
    for camera in cameras:
        start, ray, cosine = rays_of(camera)
        width, height = (int(number) for number in camera[20:].tolist())
        far = torch.linspace(_NEAR, _FAR, _STEPS)
        at = ((start[:, None] + ray[:, None] * far[:, None] - scene.centre) / scene.radius + 1) * _SIDE / 2
        cell = at.floor().long()
        within = ((cell >= 0) & (cell < _SIDE)).all(2)
        index = (cell.clamp(0, _SIDE - 1) * torch.tensor([_SIDE * _SIDE, _SIDE, 1])).sum(2)
        solid = within & inside[index]
        first = solid.float().argmax(1)
        hit = solid.any(1)
        depth = torch.where(hit, far[first] * cosine, torch.zeros(len(hit)))
        outward = -torch.nn.functional.normalize(slope[index.gather(1, first[:, None])[:, 0]], dim=1)
        ahead = (outward * ray).sum(1, keepdim=True) > 0
        outward = torch.where(ahead, -outward, outward) * hit[:, None]
        views.append((depth.view(height, width), outward.T.reshape(3, height, width)))
    return views


MEASURE = Measure(compare, {"angle": "less", "depth": "less", "psnr": "more"}, {"image": Image, "camera": Camera})
