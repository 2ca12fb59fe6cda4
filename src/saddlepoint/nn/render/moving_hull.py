"""Where something is at some moment: places that most views show something at, for scenes that move.

A visual hull would leave only what never moves, since each place that a body has left is background in some view.
"""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.render.hull import background_of, sight

_APART = 0.08  # difference of a pixel to the background from where on it shows something
_SIDE = 40  # cells of the cube that is looked at


def moving_points(
    images: Tensor, camera: Tensor, count: int, share: float, stream: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Places that half of all views see, and a share of these show something at, with the mean of its colours.

    images: [n, C, H, W] in [0, 1]. camera: [n, 22]. Spread through all that is seen where there is no one background,
    or no such place. Returns [count, 3] and [count, C].
    """
    scene, background = sight(camera), background_of(images)
    line = (torch.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
    grid = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).view(-1, 3)
    places = scene.centre + grid * scene.radius
    if background is not None:
        shows = ((images - background[:, None, None]).abs().amax(1) > _APART).float()[:, None]
        shown, _, looks = _sums(shows, torch.ones_like(shows), camera, places)
        likely = torch.nonzero((shown[:, 0] >= share * looks) & (looks >= 0.5 * len(camera)))[:, 0]
        if len(likely):
            places = places[likely]
    else:
        shows = torch.ones_like(images[:, :1])
    sample = places[torch.randint(len(places), (count,), generator=stream)]
    sample = sample + (torch.rand(count, 3, generator=stream) - 0.5) * 2 * scene.radius / _SIDE
    total, weight, _ = _sums(images, shows, camera, sample)
    return sample, total / weight.clamp_min(1)[:, None]


def _sums(pictures: Tensor, shows: Tensor, camera: Tensor, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of places [p, 3] over all views: the sum of pixels that show something [p, C], their number, that of views."""
    total = torch.zeros(len(places), pictures.shape[1])
    weight, views = torch.zeros(len(places)), torch.zeros(len(places))
    height, width = pictures.shape[2:]
    for picture, solid, one in zip(pictures, shows, camera):
        pose, lens = pose_of(one), one[16:]
        x, y, z = ((places - pose[:3, 3]) @ pose[:3, :3]).unbind(1)
        column = (lens[0] * x / z.clamp_min(1e-3) + lens[2]).floor().long()
        row = (lens[1] * y / z.clamp_min(1e-3) + lens[3]).floor().long()
        within = (z > 1e-3) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
        at = row.clamp(0, height - 1), column.clamp(0, width - 1)
        share = solid[0][at] * within
        total += picture[:, at[0], at[1]].T * share[:, None]
        weight += share
        views += within
    return total, weight, views
