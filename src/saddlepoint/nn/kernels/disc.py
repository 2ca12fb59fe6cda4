"""Discs that rays cross: Gaussians on planes in space, met exactly in each pixel. Huang et al. 2024, arXiv:2403.17888.

Paper                      here
H, W H                     `Discs.frame`: what u, v and 1 add to (x z, y z, z) of a pixel, eq. 4 and 7
h_u, h_v, eq. 8 to 10      `_crossed`: two planes through the pixel, and where they meet the disc
G-hat, eq. 11              never narrower than a Gaussian of half a pixel's diagonal around the middle
m, eq. 17 of its appendix  `_nearness`: depth as a share of the way from `_NEAR` to `_FAR`, in inverse depths
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.nn.full_precision import in_full
from saddlepoint.nn.kernels.blend import weights
from saddlepoint.nn.kernels.splat import LEAST, MOST, MOST_PAIRS, rotations

_NEAR, _FAR = 0.2, 100.0  # along the camera's axis, in units of the scene
_EDGE_ON = 1e-8  # under which a disc is seen along its plane, and has no crossing
_SHARPEST = 2.0  # inverse variance in pixels^-2 beyond which no disc is narrower


@dataclass(frozen=True)
class Discs:
    """Discs before a camera.

    frame: [P, 3, 3]. mean: [P, 2], their middles in pixels. depth: [P] of the middles. normal: [P, 3] in the camera's
    axes, towards it. visible: [P] bool, in front of it.
    """

    frame: Tensor
    mean: Tensor
    depth: Tensor
    normal: Tensor
    visible: Tensor


@dataclass(frozen=True)
class Surface:
    """A view of discs.

    picture: [C, H, W]. opacity: [H, W]. mean_depth, median_depth: [H, W], 0 where nothing is; the median is where half
    of the light has been met. normal: [3, H, W] in the camera's axes, as long as the opacity where all agree.
    distortion: [H, W], how far what is met in a pixel lies apart in depth, eq. 19 of the appendix.
    """

    picture: Tensor
    opacity: Tensor
    mean_depth: Tensor
    median_depth: Tensor
    normal: Tensor
    distortion: Tensor


@in_full
def before(place: Tensor, scale: Tensor, turn: Tensor, pose: Tensor, lens: Tensor) -> Discs:
    """Discs of a scene as a camera has them before it. Can be differentiated.

    place: [P, 3]. scale: [P, 2], more than 0. turn: [P, 4] quaternions; the third axis is the normal. pose: [4, 4]
    camera to world, OpenCV's axes. lens: [6] fx, fy, cx, cy, width, height in pixels.
    """
    fx, fy, cx, cy = lens[:4].unbind()
    rotation = pose[:3, :3].T  # world to camera
    moved = (place - pose[:3, 3]) @ rotation.T
    x, y, z = moved.unbind(1)
    visible = z > _NEAR
    z = torch.where(visible, z, torch.ones_like(z))
    mean = torch.stack((fx * x / z + cx, fy * y / z + cy), 1)
    axes = rotation @ rotations(turn)
    along = axes[:, :, :2] * scale[:, None]  # [P, 3, 2]
    last = along[:, 2]
    rows = (fx * along[:, 0] + cx * last, fy * along[:, 1] + cy * last, last)
    middle = torch.cat((mean * z[:, None], z[:, None]), 1)
    frame = torch.cat((torch.stack(rows, 1), middle[:, :, None]), 2)
    normal = axes[:, :, 2]
    away = (normal * moved).sum(1, keepdim=True) > 0
    return Discs(frame, mean, z, torch.where(away, -normal, normal), visible)


def draw(discs: Discs, colour: Tensor, opacity: Tensor, background: Tensor, height: int, width: int) -> Surface:
    """Discs blended from front to back. colour: [P, C]. opacity: [P] in [0, 1]. background: [C].

    Raises ShapeError where more pairs of discs and pixels would be blended than there is room for.
    """
    count = height * width
    with torch.no_grad():
        splat, pixel = _pairs(discs, opacity, height, width)
    alpha, depth = _met(discs, opacity, splat, pixel, width)
    weight, left = weights(alpha, pixel, count)

    def total(values: Tensor) -> Tensor:
        return values.new_zeros(count).index_add(0, pixel, values)

    cover = 1 - left
    shades = [total(weight * shade.index_select(0, splat)) for shade in colour.unbind(1)]
    normal = [total(weight * part.index_select(0, splat)) for part in discs.normal.unbind(1)]
    near = _nearness(depth)
    apart = cover * total(weight * near.square()) - total(weight * near).square()
    shape = (height, width)
    return Surface(
        (torch.stack(shades) + background[:, None] * left).unflatten(1, shape),
        cover.view(shape),
        (total(weight * depth) / cover.clamp_min(1e-6)).view(shape),
        _median(depth, alpha, weight, pixel, count).view(shape),
        torch.stack(normal).unflatten(1, shape),
        apart.clamp_min(0).view(shape),
    )


def _nearness(depth: Tensor) -> Tensor:
    """0 at `_NEAR` to 1 at `_FAR`."""
    return (1 - _NEAR / depth) * (_FAR / (_FAR - _NEAR))


def _median(depth: Tensor, alpha: Tensor, weight: Tensor, pixel: Tensor, count: int) -> Tensor:
    """The depth of each pixel's last pair that more than half of the light reaches.  [count]"""
    reached = torch.nonzero(weight.detach() > 0.5 * alpha.detach())[:, 0]
    last = torch.full((count,), -1, dtype=torch.long, device=depth.device)
    last = last.scatter_reduce(0, pixel.index_select(0, reached).long(), reached, "amax")
    known = last >= 0
    if not len(depth):
        return depth.new_zeros(count)
    return torch.where(known, depth.index_select(0, last.clamp_min(0)), torch.zeros_like(depth[:1]))


def _crossed(discs: Discs, splat: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where the rays of pixels meet their discs: u and v in sizes of the disc, and the depth.  [M] each"""
    a, b, c = ([part.index_select(0, splat) for part in row.unbind(1)] for row in discs.frame.unbind(1))
    p, q = ([at * one - other for one, other in zip(c, row)] for at, row in ((x, a), (y, b)))
    third = p[0] * q[1] - p[1] * q[0]
    third = torch.where(third.abs() < _EDGE_ON, torch.full_like(third, _EDGE_ON), third)
    u, v = (p[1] * q[2] - p[2] * q[1]) / third, (p[2] * q[0] - p[0] * q[2]) / third
    return u, v, u * c[0] + v * c[1] + c[2]


def _met(discs: Discs, opacity: Tensor, splat: Tensor, pixel: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The opacity and the depth of each pair.  [M] twice"""
    x, y = pixel % width + 0.5, torch.div(pixel, width, rounding_mode="floor") + 0.5
    u, v, depth = _crossed(discs, splat, x, y)
    dx, dy = (at - part.index_select(0, splat) for at, part in zip((x, y), discs.mean.unbind(1)))
    power, sharpest = u * u + v * v, _SHARPEST * (dx * dx + dy * dy)
    crossed = power <= sharpest
    bell = torch.exp(-0.5 * torch.where(crossed, power, sharpest))
    depth = torch.where(crossed, depth, discs.depth.index_select(0, splat))
    return (opacity.index_select(0, splat) * bell).clamp_max(MOST), depth


def _pairs(discs: Discs, opacity: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """All discs with a pixel that each is drawn in, by pixel and within it from front to back.  int64 [M] twice

    Discs that reach the camera's plane are not drawn.
    """
    reach = 2 * torch.log((opacity / LEAST).clamp_min(1e-12))  # u^2 + v^2 up to which a disc is drawn
    signs = torch.stack((reach, reach, -torch.ones_like(reach)), 1)
    a, b, c = discs.frame.unbind(1)
    last = (c * c * signs).sum(1)
    alive = torch.nonzero(discs.visible & (reach > 0) & (last < 0)).flatten()
    alive = alive[discs.depth[alive].argsort(stable=True)]
    signs, a, b, c, last, reach = (part.index_select(0, alive) for part in (signs, a, b, c, last, reach))
    blurred = (reach / _SHARPEST).sqrt()
    spans = []
    for row, mean, side in ((b, discs.mean[alive, 1], height), (a, discs.mean[alive, 0], width)):
        middle = (row * c * signs).sum(1) / last
        half = (middle.square() - (row * row * signs).sum(1) / last).clamp_min(0).sqrt()
        begin = torch.minimum(middle - half, mean - blurred).sub(0.5).ceil().clamp(0, side)
        end = torch.maximum(middle + half, mean + blurred).sub(0.5).floor().add(1).clamp(0, side)
        spans.append((begin.long(), (end - begin).clamp_min(0).long()))
    (top, high), (leftmost, wide) = spans
    total, most = int((high * wide).sum()), MOST_PAIRS if opacity.device.type == "cpu" else 8 * MOST_PAIRS
    if total > most:
        raise ShapeError(
            f"a view of {width}x{height} pixels needs {total:,} pairs of discs and pixels, more than {most:,}: use a"
            " smaller view, or a camera that is farther away."
        )
    which = torch.repeat_interleave(torch.arange(len(alive), device=alive.device), high * wide)
    number = torch.arange(len(which), device=alive.device) - ((high * wide).cumsum(0) - high * wide)[which]
    pixel = (top[which] + number // wide[which]) * width + leftmost[which] + number % wide[which]
    splat = alive[which]
    alpha, depth = _met(discs, opacity, splat, pixel, width)
    kept = torch.nonzero((alpha >= LEAST) & (depth > _NEAR))[:, 0]
    pixel, order = pixel[kept].sort(stable=True)
    return splat[kept[order]], pixel
