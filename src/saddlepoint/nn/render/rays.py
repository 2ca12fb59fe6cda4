"""Rays through the pixels of a picture, and where they cross a cube."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.full_precision import in_full


@dataclass(frozen=True)
class Rays:
    """Rays of light into a scene.

    start: [R, 3]. ahead: [R, 3], of unit length. cosine: [R], of the angle to the camera's axis: a distance along the
    ray times this is a depth along the axis.
    """

    start: Tensor
    ahead: Tensor
    cosine: Tensor

    def __len__(self) -> int:
        return len(self.start)

    def at(self, distance: Tensor) -> Tensor:
        """Places at distances [R, S] along each ray.  [R, S, 3]"""
        return self.start[:, None] + self.ahead[:, None] * distance[..., None]

    def part(self, rows: slice) -> Rays:
        """Some of them."""
        return Rays(self.start[rows], self.ahead[rows], self.cosine[rows])


@in_full
def rays_through(camera: Tensor, pixel: Tensor) -> Rays:
    """The rays of cameras [n, 22] through places of their pictures [n, k, 2], x and y in pixels.  R = n k

    The centre of the first pixel is (.5, .5).
    """
    pose, lens = pose_of(camera), camera[:, None, 16:]
    x = (pixel[..., 0] - lens[..., 2]) / lens[..., 0]
    y = (pixel[..., 1] - lens[..., 3]) / lens[..., 1]
    flat = torch.stack((x, y, torch.ones_like(x)), -1)
    length = flat.norm(dim=-1)
    ahead = (flat / length[..., None]) @ pose[:, :3, :3].transpose(1, 2)
    start = pose[:, None, :3, 3].expand_as(ahead)
    return Rays(start.flatten(0, 1), ahead.flatten(0, 1), (1 / length).flatten())


def pixel_centres(height: int, width: int) -> Tensor:
    """The centres of all pixels, row by row.  [H W, 2]"""
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((column, row), -1).view(-1, 2) + 0.5


def chosen_pixels(images: Tensor, chance: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels at random. images: [n, C, H, W]. chance: [n, k, 2] in [0, 1).  Centres [n, k, 2], colours [n k, C]"""
    n, _, height, width = images.shape
    size = torch.tensor([width, height], device=images.device)
    place = (chance * size).long().minimum(size - 1)
    flat = place[..., 1] * width + place[..., 0]
    colours = images.flatten(2).gather(2, flat[:, None].expand(n, images.shape[1], -1))
    return place + 0.5, colours.transpose(1, 2).flatten(0, 1)


def crossing(rays: Rays, centre: Tensor, half: Tensor, least: float = 0.0) -> tuple[Tensor, Tensor]:
    """Where rays enter and leave a cube, at `least` at the nearest; both alike where they miss it.  [R] twice

    centre: [3]. half: of its side, a scalar.
    """
    ahead = torch.where(rays.ahead.abs() < 1e-9, torch.full_like(rays.ahead, 1e-9), rays.ahead)
    one, other = (centre - half - rays.start) / ahead, (centre + half - rays.start) / ahead
    near = torch.minimum(one, other).amax(1).clamp_min(least)
    far = torch.maximum(one, other).amin(1)
    return near, torch.maximum(near, far)
