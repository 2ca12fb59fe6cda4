"""Where something may stand: the space that no view shows as background, and the colours seen there.

The visual hull of Laurentini 1994, doi:10.1109/34.273735, on a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import DataError
from saddlepoint.kinds.camera import pose_of

_EVEN = 0.03  # deviation of the pictures' borders under which they show one background colour
_APART = 0.06  # difference of a pixel from the background from where on it shows something


@dataclass(frozen=True)
class Sight:
    """What cameras look at: the point that their axes pass nearest to, and half the width that they see there."""

    centre: Tensor
    """[3]"""
    radius: float
    extent: float
    """1.1 times the largest distance of a camera from the middle of all, as 3D Gaussian splatting scales its rates"""


def sight(camera: Tensor) -> Sight:
    """Of cameras [n, 22]."""
    pose = pose_of(camera).double()
    place, ahead = pose[:, :3, 3], pose[:, :3, 2]
    across = torch.eye(3, dtype=torch.float64) - ahead[:, :, None] * ahead[:, None, :]
    system = across.sum(0) + 1e-6 * torch.eye(3, dtype=torch.float64)
    centre = torch.linalg.solve(system, (across @ place[:, :, None]).sum(0)[:, 0])
    distance = (place - centre).norm(dim=1)
    view = (0.5 * camera[:, 20].double() / camera[:, 16].double()).mean()
    extent = 1.1 * float((place - place.mean(0)).norm(dim=1).max())
    return Sight(centre.float(), float(distance.mean() * view), max(extent, 1e-3))


def background_of(images: Tensor) -> Tensor | None:
    """The colour of the borders of pictures [n, C, H, W] in [0, 1], where they are all alike; else None.  [C]"""
    border = torch.cat((images[..., 0, :], images[..., -1, :], images[..., :, 0], images[..., :, -1]), 2)
    colours = border.transpose(0, 1).flatten(1)
    middle = colours.median(1).values
    return middle if float((colours - middle[:, None]).abs().mean()) < _EVEN else None


def surface_points(images: Tensor, camera: Tensor, count: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places on the surface of the hull with their mean colours; spread through what is seen where there is no hull.

    images: [n, C, H, W] in [0, 1]. camera: [n, 22]. Returns [count, 3] and [count, C].
    """
    scene, background = sight(camera), background_of(images)
    side = 40
    line = (torch.arange(side) + 0.5) / side * 2 - 1
    grid = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1)
    places = scene.centre + grid.view(-1, 3) * scene.radius
    if background is not None:
        shows = ((images - background[:, None, None]).abs().amax(1) > _APART).float()[:, None]
        inside = hull(shows, camera, places) & ~hull(torch.zeros_like(shows), camera, places)  # some view sees it
        _refuse_empty(inside)
        inside = inside.view(side, side, side)
        solid = torch.nn.functional.pad(inside, (1, 1, 1, 1, 1, 1)).float()
        around = torch.nn.functional.avg_pool3d(solid[None, None], 3, 1)[0, 0]
        edge = torch.nonzero((inside & (around < 0.999)).flatten()).flatten()
        if len(edge):
            places = places[edge]
    sample = places[torch.randint(len(places), (count,), generator=stream)]
    sample = sample + (torch.rand(count, 3, generator=stream) - 0.5) * 2 * scene.radius / side
    return sample, _colours(images, camera, sample)


def outward(images: Tensor, camera: Tensor, places: Tensor) -> Tensor:
    """Unit normals of the hull near places [p, 3], pointing out of it; away from the centre where there is no hull.

    images, camera: see `surface_points`.
    """
    scene, background = sight(camera), background_of(images)
    away = torch.nn.functional.normalize(places - scene.centre, dim=1)
    if background is None:
        return away
    side = 40
    inside = solid_cells(images, camera, background, scene.centre, scene.radius, side).view(1, 1, side, side, side)
    block = torch.nn.functional.avg_pool3d(inside.float(), 5, 1, 2)
    at = (places - scene.centre) / scene.radius
    step = 1.5 * 2 / side * torch.eye(3)

    def value(place: Tensor) -> Tensor:
        grid = place.flip(-1).view(1, -1, 1, 1, 3)  # the last axis is called x there
        return torch.nn.functional.grid_sample(block, grid, align_corners=False)[0, 0, :, 0, 0]

    slope = torch.stack([value(at - axis) - value(at + axis) for axis in step], 1)
    flat = slope.norm(dim=1, keepdim=True) < 1e-4
    return torch.where(flat, away, torch.nn.functional.normalize(slope, dim=1))


def solid_cells(images: Tensor, camera: Tensor, background: Tensor, centre: Tensor, radius: float, side: int) -> Tensor:
    """Cells of a cube that may hold something: some view sees them, and none shows background there.  bool [side^3]

    images: [n, C, H, W] in [0, 1]. camera: [n, 22]. background: [C]. radius: half the cube's side. x slowest. Raises
    DataError where there is none.
    """
    line = (torch.arange(side) + 0.5) / side * 2 - 1
    places = centre + torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).view(-1, 3) * radius
    shows = ((images - background[:, None, None]).abs().amax(1) > _APART).float()[:, None]
    nearest = (pose_of(camera)[:, :3, 3] - centre).norm(dim=1).amin() - radius
    # Half a cell's diagonal in pixels, as it is seen from the nearest camera.
    reach = math.ceil(float(camera[:, 16].max() * radius * math.sqrt(3) / side / nearest.clamp_min(0.3 * radius)))
    shows = torch.nn.functional.max_pool2d(shows, 2 * reach + 1, 1, reach)
    inside = hull(shows, camera, places) & ~hull(torch.zeros_like(shows), camera, places)  # what no view sees is empty
    _refuse_empty(inside)
    return inside


def _refuse_empty(inside: Tensor) -> None:
    if not bool(inside.any()):
        raise DataError(
            "no place lies before the background in all views that show it: the cameras do not belong to these images,"
            " or their axes are other ones. Where the border is no background, crop it off."
        )


def hull(shows: Tensor, camera: Tensor, places: Tensor) -> Tensor:
    """Whether no view that sees a place shows background there.  shows: [n, 1, H, W] of 0 and 1. [p, 3] -> [p] bool"""
    inside = torch.ones(len(places), dtype=torch.bool)
    for picture, one in zip(shows, camera):
        values, within = _looked_up(picture, one, places)
        inside &= ~within | (values[0] > 0.5)
    return inside


def _colours(images: Tensor, camera: Tensor, places: Tensor) -> Tensor:
    total, count = torch.zeros(len(places), images.shape[1]), torch.zeros(len(places), 1)
    for picture, one in zip(images, camera):
        values, within = _looked_up(picture, one, places)
        total += values.T * within[:, None]
        count += within[:, None]
    return total / count.clamp_min(1)


def _looked_up(picture: Tensor, camera: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest pixel of each place, [C, p], and whether it lies in the picture, [p]."""
    pose, lens = pose_of(camera), camera[16:]
    x, y, z = ((places - pose[:3, 3]) @ pose[:3, :3]).unbind(1)
    ahead = z > 1e-3
    column = (lens[0] * x / z.clamp_min(1e-3) + lens[2]).floor().long()
    row = (lens[1] * y / z.clamp_min(1e-3) + lens[3]).floor().long()
    height, width = picture.shape[1:]
    within = ahead & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return picture[:, row.clamp(0, height - 1), column.clamp(0, width - 1)], within
