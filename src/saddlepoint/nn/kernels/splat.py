"""Drawing Gaussians: their projection onto a picture, and the blend of what lies over each pixel from front to back.

Kerbl et al. 2023, arXiv:2308.04079, section 4 and 6; the projection of Zwicker et al. 2001 (EWA). On a processor the
pairs of splats and pixels are listed and blended along that list, with the backward pass in closed form; `dense` is the
readable form of the same blend, which looks at every splat in every pixel. The authors' kernel also stops once little
light is left and works in tiles; both change nothing that can be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.nn.full_precision import in_full

LEAST = 1 / 255
"""an opacity under which a splat is not drawn in a pixel"""
MOST = 0.99
"""the opacity that a splat has at most in a pixel"""
MOST_PAIRS = 2**26
"""pairs of splats and pixels that a processor blends at once, some gigabytes; a GPU takes eight times as many"""
_NEAR = 0.2  # of the camera's axis, in units of the scene
_BLUR = 0.3  # pixels^2 added to every splat
_SOLID = 0.25  # weight of a disc in a pixel from where on it says where the surface is
_GENEROUS = 1e-3  # pixels that a span reaches beyond where a splat is drawn, for rounding


@dataclass(frozen=True)
class Projected:
    """Splats as ellipses of a picture.

    mean: [P, 2] in pixels, x and y. conic: [P, 3], the inverse covariance's a, b, c. depth: [P] along the camera's
    axis. visible: [P] bool, in front of the camera.
    """

    mean: Tensor
    conic: Tensor
    depth: Tensor
    visible: Tensor


@in_full
def project(place: Tensor, scale: Tensor, turn: Tensor, pose: Tensor, lens: Tensor) -> Projected:
    """Gaussians of a scene as ellipses of a camera's picture. Can be differentiated.

    place: [P, 3]. scale: [P, 3], more than 0. turn: [P, 4] quaternions w x y z, of any length. pose: [4, 4] camera to
    world, OpenCV's axes. lens: [6] fx, fy, cx, cy, width, height in pixels.
    """
    fx, fy, cx, cy, width, height = lens.unbind()
    rotation = pose[:3, :3].T  # world to camera
    x, y, z = ((place - pose[:3, 3]) @ rotation.T).unbind(1)
    visible = z > _NEAR
    z = torch.where(visible, z, torch.ones_like(z))
    mean = torch.stack((fx * x / z + cx, fy * y / z + cy), 1)
    # Beyond 1.3 times the field of view the linear approximation would explode; it is held there, within J alone.
    across, down = 1.3 * 0.5 * width / fx, 1.3 * 0.5 * height / fy
    u, v = (x / z).clamp(-across, across) * z, (y / z).clamp(-down, down) * z
    zero = torch.zeros_like(z)
    jacobian = torch.stack((fx / z, zero, -fx * u / z**2, zero, fy / z, -fy * v / z**2), 1).view(-1, 2, 3)
    half = jacobian @ rotation @ (rotations(turn) * scale[:, None])  # [P, 2, 3], whose square is the covariance
    covariance = half @ half.transpose(1, 2)
    a, b, c = covariance[:, 0, 0] + _BLUR, covariance[:, 0, 1], covariance[:, 1, 1] + _BLUR
    determinant = (a * c - b * b).clamp_min(1e-12)
    conic = torch.stack((c, -b, a), 1) / determinant[:, None]
    return Projected(mean, conic, z, visible)


def rotations(turn: Tensor) -> Tensor:
    """Quaternions w x y z of any length as matrices.  [P, 4] -> [P, 3, 3]"""
    w, x, y, z = torch.nn.functional.normalize(turn, dim=1).unbind(1)
    rows = (
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack(rows, 1).view(-1, 3, 3)


def draw(
    splats: Projected, colour: Tensor, opacity: Tensor, background: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture, what it hides of the background, and the mean depth of what is seen.

    colour: [P, C]. opacity: [P] in [0, 1]. background: [C]. Returns [C, H, W], [H, W] in [0, 1] and [H, W] (0 where
    nothing is). Gradients flow through the first two to `splats.mean`, `splats.conic`, `colour` and `opacity`. Raises
    ShapeError where more than `MOST_PAIRS` would be blended, as from a camera among large splats.
    """
    with torch.no_grad():
        splat, pixel = _pairs(splats, opacity, height, width)
    shape = (height, width)
    picture, hidden, depth = _Blend.apply(
        splats.mean, splats.conic, colour, opacity, background, splats.depth.detach(), splat, pixel, shape
    )
    return picture.T.unflatten(1, shape), hidden.view(shape), depth.view(shape)


def dense(
    splats: Projected, colour: Tensor, opacity: Tensor, background: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """The picture [C, H, W] and what it hides [H, W], every splat in every pixel: the oracle of `draw`."""
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack((column, row), -1).view(1, -1, 2) + 0.5  # [1, HW, 2]
    dx, dy = (places - splats.mean[:, None]).unbind(-1)
    a, b, c = splats.conic[:, :, None].unbind(1)
    power = a * dx * dx + 2 * b * dx * dy + c * dy * dy
    alpha = (opacity[:, None] * torch.exp(-power / 2)).clamp_max(MOST)
    alpha = torch.where((alpha >= LEAST) & splats.visible[:, None], alpha, torch.zeros_like(alpha))
    alpha = alpha[splats.depth.argsort(stable=True)]
    left = torch.cumprod(torch.cat((torch.ones_like(alpha[:1]), 1 - alpha)), 0)  # what passes all before
    weight = alpha * left[:-1]
    picture = colour[splats.depth.argsort(stable=True)].T @ weight + background[:, None] * left[-1]
    return picture.unflatten(1, (height, width)), (1 - left[-1]).view(height, width)


def _pairs(splats: Projected, opacity: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """All splats with a pixel that each is drawn in, by pixel and within it from front to back.  int32 [M] twice

    Row by row of the picture each splat covers a span of columns; the spans' ends are a little generous.
    """
    reach = 2 * torch.log((opacity / LEAST).clamp_min(1e-12))  # the power up to which a splat is drawn
    alive = torch.nonzero(splats.visible & (reach > 0)).flatten()
    alive = alive[splats.depth[alive].argsort(stable=True)]
    a, b, c = (column.index_select(0, alive) for column in splats.conic.unbind(1))
    x, y = (column.index_select(0, alive) for column in splats.mean.unbind(1))
    reach = reach.index_select(0, alive)
    tall = (reach * a / (a * c - b * b).clamp_min(1e-20)).sqrt() + _GENEROUS
    top, bottom = ((y - tall - 0.5).ceil().clamp(0, height), (y + tall - 0.5).floor().add(1).clamp(0, height))
    high = (bottom - top).clamp_min(0).long()
    line, row = _spans(high, top.long())
    a, b, c, x, y, reach = (column.index_select(0, line) for column in (a, b, c, x, y, reach))
    dy = row + 0.5 - y
    half = ((b * dy).square() - a * (c * dy * dy - reach)).clamp_min(0).sqrt() / a + _GENEROUS
    middle = x - b * dy / a - 0.5
    left = (middle - half).ceil().clamp(0, width)
    wide = ((middle + half).floor().add(1).clamp(0, width) - left).clamp_min(0).long()
    total, most = int(wide.sum()), MOST_PAIRS if wide.device.type == "cpu" else 8 * MOST_PAIRS
    if total > most:
        raise ShapeError(
            f"a view of {width}x{height} pixels needs {total:,} pairs of splats and pixels, more than {most:,}: use a"
            " smaller view, or a camera that is farther away."
        )
    span, pixel = _spans(wide, row * width + left.long())
    pixel, order = pixel.to(torch.int32).sort(stable=True)
    splat = alive.to(torch.int32).index_select(0, line).index_select(0, span.index_select(0, order))
    return splat, pixel


def _spans(counts: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
    """Of each of some spans of whole numbers all members: the span's number, and the member.  int64 [S] twice"""
    which = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    offset = begins - (counts.cumsum(0) - counts)
    return which, torch.arange(len(which), device=which.device) + offset.index_select(0, which)


class _Blend(torch.autograd.Function):
    """Along the list of pairs: w = alpha T, T the product of 1 - alpha of the pairs before in the same pixel.

    Everything is looked up and summed column by column, which takes a tenth of the time of rows on a processor.
    """

    @staticmethod
    def forward(ctx: Any, mean: Tensor, conic: Tensor, colour: Tensor, opacity: Tensor, background: Tensor,
                depth: Tensor, splat: Tensor, pixel: Tensor, shape: tuple[int, int]) -> tuple[Tensor, ...]:  # fmt: skip
        count = shape[0] * shape[1]
        row, column = torch.meshgrid(
            *(torch.arange(side, device=mean.device, dtype=mean.dtype) + 0.5 for side in shape), indexing="ij"
        )
        dx = column.flatten().index_select(0, pixel) - mean[:, 0].index_select(0, splat)
        dy = row.flatten().index_select(0, pixel) - mean[:, 1].index_select(0, splat)
        a, b, c = (part.index_select(0, splat) for part in conic.unbind(1))
        bell = torch.exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy))
        alpha = (opacity.index_select(0, splat) * bell).clamp_max(MOST)
        alpha = torch.where(alpha >= LEAST, alpha, torch.zeros_like(alpha))
        logs = torch.log1p(-alpha).double()
        total = logs.new_zeros(count).index_add_(0, pixel, logs)
        # One sum runs over the whole list; what earlier pixels have is taken off again.
        starts = total.cumsum(0) - total
        reaching = torch.exp((logs.cumsum(0) - logs - starts.index_select(0, pixel)).to(alpha.dtype))
        weight = alpha * reaching
        left = torch.exp(total).to(alpha.dtype)  # [HW]
        picture = colour.new_empty(colour.shape[1], count)
        for channel, shade in enumerate(colour.unbind(1)):
            picture[channel] = left * background[channel]
            picture[channel].index_add_(0, pixel, weight * shade.index_select(0, splat))
        opacities = weight.new_zeros(count).index_add_(0, pixel, weight)
        deep = weight.new_zeros(count).index_add_(0, pixel, weight * depth.index_select(0, splat))
        ctx.save_for_backward(conic, colour, opacity, background, splat, pixel, dx, dy, bell, alpha, reaching, left)
        ctx.mark_non_differentiable(deep)
        return picture.T, 1 - left, deep / opacities.clamp_min(1e-6)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        conic, colour, opacity, background, splat, pixel, dx, dy, bell, alpha, reaching, left = ctx.saved_tensors
        on_picture, on_hidden = slopes[0], slopes[1]

        def by_splat(values: Tensor) -> Tensor:
            return torch.zeros_like(opacity).index_add_(0, splat, values)

        weight = alpha * reaching
        shade, on_colour = torch.zeros_like(weight), []
        for channel, slope in enumerate(on_picture.unbind(1)):
            each = slope.contiguous().index_select(0, pixel)
            shade += colour[:, channel].index_select(0, splat) * each
            on_colour.append(by_splat(weight * each))
        # What lies behind a pair is dimmed by it: the background, and all later pairs of its pixel.
        gain = (weight * shade).double()
        after = gain.new_zeros(len(left)).index_add_(0, pixel, gain)
        # after - (this pair and those before it in its pixel), where one sum runs over the whole list
        behind = (after.cumsum(0).index_select(0, pixel) - gain.cumsum(0)).to(shade.dtype)
        behind += (left * (on_picture @ background - on_hidden)).index_select(0, pixel)
        on_alpha = reaching * shade - behind / (1 - alpha)
        on_alpha = torch.where((alpha < MOST) & (alpha > 0), on_alpha, torch.zeros_like(on_alpha))
        on_opacity = by_splat(on_alpha * bell)
        on_power = -0.5 * on_alpha * alpha
        a, b, c = (part.index_select(0, splat) for part in conic.unbind(1))
        across, down = on_power * dx, on_power * dy
        means = torch.stack((by_splat(-2 * (a * across + b * down)), by_splat(-2 * (b * across + c * down))), 1)
        conics = torch.stack((by_splat(across * dx), by_splat(2 * across * dy), by_splat(down * dy)), 1)
        on_background = (on_picture * left[:, None]).sum(0) if ctx.needs_input_grad[4] else None
        return means, conics, torch.stack(on_colour, 1), on_opacity, on_background, None, None, None, None


@in_full
def planes(place: Tensor, normal: Tensor, pose: Tensor, lens: Tensor) -> Tensor:
    """Planes through places as what their inverse depth is in pixels: a x + b y + c.  [P, 3] twice -> [P, 3]

    normal: of unit length. pose, lens: see `project`. A plane that is looked at along itself has no depth: infinity.
    """
    fx, fy, cx, cy = lens[:4].unbind()
    turned, moved = normal @ pose[:3, :3], (place - pose[:3, 3]) @ pose[:3, :3]
    away = (turned * moved).sum(1)
    away = torch.where(away.abs() < 1e-9, torch.full_like(away, 1e-9), away)
    x, y = turned[:, 0] / fx, turned[:, 1] / fy
    return torch.stack((x, y, turned[:, 2] - x * cx - y * cy), 1) / away[:, None]


def draw_surface(
    splats: Projected, plane: Tensor, colour: Tensor, background: Tensor, height: int, width: int, window: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Discs without opacity as one closed surface: the weighted mean of those that are nearest in each pixel.

    Zwicker et al. 2001, doi:10.1145/383259.383300, eq. 6 and section 5; arXiv:1906.04173. plane: [P, 3], see `planes`.
    colour: [P, C]. window: depth behind the nearest disc within which others are of the same surface. Returns the
    picture [C, H, W], how far all discs cover it [H, W] in [0, 1], and its depth [H, W]. Gradients flow through the
    first two to `splats.mean`, `splats.conic` and `colour`.
    """
    with torch.no_grad():
        splat, pixel = _pairs(splats, torch.ones_like(splats.depth), height, width)
        x, y = pixel % width + 0.5, pixel // width + 0.5
        a, b, c = (part.index_select(0, splat) for part in plane.unbind(1))
        depth = 1 / (a * x + b * y + c).clamp_min(1e-6)
        middle = splats.depth.index_select(0, splat)
        depth = torch.where((depth - middle).abs() < 0.5 * middle, depth, middle)  # of discs that are seen edge on
    dx, dy = (at - part.index_select(0, splat) for at, part in zip((x, y), splats.mean.unbind(1)))
    a, b, c = (part.index_select(0, splat) for part in splats.conic.unbind(1))
    weight = torch.exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy)).clamp_max(MOST)
    with torch.no_grad():
        rows = pixel.long()
        near = torch.where(weight >= _SOLID, depth, torch.full_like(depth, torch.inf))
        front = depth.new_full((height * width,), torch.inf).scatter_reduce_(0, rows, near, "amin")
        any_front = torch.full_like(front, torch.inf).scatter_reduce_(0, rows, depth, "amin")
        front = torch.where(torch.isfinite(front), front, any_front)
        kept = (depth <= front.index_select(0, pixel) + window).nonzero()[:, 0]

    cover = -torch.expm1(weight.new_zeros(height * width).index_add(0, pixel, torch.log1p(-weight)))
    weight, splat, pixel = (part.index_select(0, kept) for part in (weight, splat, pixel))

    def total(values: Tensor) -> Tensor:
        return values.new_zeros(height * width).index_add(0, pixel, values)

    weights = total(weight).clamp_min(1e-6)
    deep = total(weight.detach() * depth.index_select(0, kept)) / weights.detach()
    shades = [total(weight * shade.index_select(0, splat)) / weights for shade in colour.unbind(1)]
    picture = torch.stack(shades) * cover + background[:, None] * (1 - cover)
    shape = (height, width)
    return picture.unflatten(1, shape), cover.view(shape), deep.view(shape)


def spread(places: Tensor) -> Tensor:
    """The mean distance of each place to its three nearest others, for first sizes.  [P, 3] -> [P]"""
    apart = [
        torch.cdist(part, places).topk(min(4, len(places)), largest=False).values[:, 1:] for part in places.split(512)
    ]
    return torch.cat(apart).mean(1).clamp_min(1e-6) if len(places) > 1 else torch.full((len(places),), math.e**-3)
