"""Dots in a square, nearer ones over farther ones: how points, clouds and splats are drawn without a renderer."""

from __future__ import annotations

import numpy as np
from PIL import Image
from torch import Tensor

_SIDE, _INK, _PAPER = 256, (214, 84, 30), (255, 255, 255)


def scatter(
    places: Tensor, colours: np.ndarray | None = None, reach: float | None = None, side: int = _SIDE
) -> Image.Image:
    """Places [N, 2] (x to the right, y up) as dots of two pixels, later ones over earlier ones.

    colours: uint8 [N, 3]; one orange for all by default. reach: half the side of the square that is drawn, around the
    middle of the data where it is None. Places that are not finite are left out.
    """
    points = places.detach().float().cpu().numpy()
    colour = np.broadcast_to(np.array(_INK, np.uint8), (len(points), 3)) if colours is None else colours
    finite = np.isfinite(points).all(1)
    points, colour = points[finite], colour[finite]
    middle = np.zeros(2, np.float32)
    if reach is None and len(points):
        low, high = points.min(0), points.max(0)
        middle, reach = (low + high) / 2, float((high - low).max()) * 0.55
    canvas = np.full((side, side, 3), _PAPER, np.uint8)
    at = ((points - middle) / (2 * (reach or 1.0)) + 0.5) * side
    column, row = at[:, 0].astype(np.int64), (side - at[:, 1]).astype(np.int64)
    for down in (0, 1):
        for across in (0, 1):
            inside = (row + down >= 0) & (row + down < side) & (column + across >= 0) & (column + across < side)
            canvas[row[inside] + down, column[inside] + across] = colour[inside]
    return Image.fromarray(canvas)
