"""A region of a picture painted anew: from its surroundings, from what was given, or from a patch."""

from __future__ import annotations

import numpy as np
from PIL import Image

from saddlepoint.metrics.formulas.statistics import Doubles

_SOFT = 12  # pixels at most over which a patch passes into its surroundings
Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, the last two beyond the region"""


def inside(box: Box, size: tuple[int, int]) -> bool:
    """Whether a region lies in a picture of this width and height, and holds something."""
    left, top, right, bottom = box
    return 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]


def repainted(picture: Image.Image, box: Box, patch: Image.Image | None = None) -> Image.Image:
    """The picture with a region replaced by `patch`, with a soft seam, or by what its four sides suggest."""
    result = picture.copy()
    if patch is None:
        result.paste(surroundings(picture, box), box[:2])
    else:
        size = box[2] - box[0], box[3] - box[1]
        result.paste(patch.convert(picture.mode).resize(size), box[:2], _mask(picture.size, box))
    return result


def surroundings(picture: Image.Image, box: Box) -> Image.Image:
    """What the pixels around a region suggest in it: the surface through its four sides (Coons 1967).

    A side at the border of the picture has none, and is taken to be like the one across, or like the mean of the two
    beside it where that has none either.
    """
    left, top, right, bottom = box
    pixels = np.asarray(picture, np.float64)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    height, width = bottom - top, right - left
    north = pixels[top - 1, left:right] if top > 0 else None
    south = pixels[bottom, left:right] if bottom < picture.height else None
    west = pixels[top:bottom, left - 1] if left > 0 else None
    east = pixels[top:bottom, right] if right < picture.width else None
    known = [side for side in (north, south, west, east) if side is not None]
    mean = np.concatenate(known).mean(0) if known else pixels[top:bottom, left:right].mean((0, 1))
    north, south = _pair(north, south, mean, width)
    west, east = _pair(west, east, mean, height)
    v = ((np.arange(height) + 1) / (height + 1))[:, None, None]
    u = ((np.arange(width) + 1) / (width + 1))[None, :, None]
    corners = [
        (north[0] + west[0]) / 2, (north[-1] + east[0]) / 2, (south[0] + west[-1]) / 2, (south[-1] + east[-1]) / 2
    ]  # fmt: skip
    bilinear = (1 - v) * ((1 - u) * corners[0] + u * corners[1]) + v * ((1 - u) * corners[2] + u * corners[3])
    surface = (1 - v) * north[None] + v * south[None] + (1 - u) * west[:, None] + u * east[:, None] - bilinear
    content = np.clip(surface.round(), 0, 255).astype(np.uint8)
    return Image.fromarray(content[..., 0] if picture.mode == "L" else content)


def _pair(first: Doubles | None, second: Doubles | None, mean: Doubles, length: int) -> tuple[Doubles, Doubles]:
    plain = np.broadcast_to(mean, (length, len(mean)))
    one = first if first is not None else second if second is not None else plain
    return one, second if second is not None else one


def _mask(size: tuple[int, int], box: Box) -> Image.Image:
    """How much of a patch is seen: all in the middle, less towards sides that have a neighbour."""
    width, height = box[2] - box[0], box[3] - box[1]

    def ramp(length: int, before: bool, after: bool) -> Doubles:
        soft = max(1, min(_SOFT, length // 4))
        place = np.arange(length)
        rise = np.minimum(1, (place + 1) / soft) if before else np.ones(length)
        return rise * (np.minimum(1, (length - place) / soft) if after else 1.0)

    across = ramp(width, box[0] > 0, box[2] < size[0])
    down = ramp(height, box[1] > 0, box[3] < size[1])
    return Image.fromarray((255 * down[:, None] * across[None]).round().astype(np.uint8))
