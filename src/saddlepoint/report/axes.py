"""A square with the same axes every time, and points in it; drawn finer than it is shown, so that edges are smooth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import ImageDraw, ImageFont

SIDE, MARGIN, FINER = 480, 44, 2
"""size in pixels, the room for the axes, and how much finer it is drawn than shown"""
INK, RULE = (70, 74, 82), (226, 228, 232)

Limits = tuple[float, float]
"""the ends of an axis"""


def place(values: np.ndarray, limits: Limits, *, up: bool = False) -> np.ndarray:
    """Where values stand in the drawing, from the left, or with `up` from above."""
    share = (values - limits[0]) / (limits[1] - limits[0])
    span = SIDE - 2 * MARGIN
    pixels: np.ndarray = (MARGIN + (1 - share if up else share) * span) * FINER
    return pixels


def axes(draw: ImageDraw.ImageDraw, across: Limits, up: Limits | None) -> None:
    """Five lines with their values on the horizontal axis, and on the vertical one unless it is None."""
    first, last = MARGIN * FINER, (SIDE - MARGIN) * FINER
    font = ImageFont.load_default(11 * FINER)
    for number in range(5):
        value = across[0] + (across[1] - across[0]) * number / 4
        x = first + (last - first) * number / 4
        draw.line((x, first, x, last), fill=RULE, width=FINER)
        draw.text((x, last + 6 * FINER), f"{value:.3g}", fill=INK, font=font, anchor="mt")
        if up is not None:
            value = up[0] + (up[1] - up[0]) * number / 4
            y = last - (last - first) * number / 4
            draw.line((first, y, last, y), fill=RULE, width=FINER)
            draw.text((first - 6 * FINER, y), f"{value:.3g}", fill=INK, font=font, anchor="rm")


def dots(
    draw: ImageDraw.ImageDraw,
    points: np.ndarray,
    across: Limits,
    up: Limits,
    fills: Iterable[tuple[int, ...]],
    radius: float = 2,
) -> None:
    """Points [N, 2] in the order given, those beyond the limits left out.

    fills: a colour each. radius: in pixels as shown.
    """
    wide = radius * FINER
    (left, right), (low, high) = across, up
    places = zip(place(points[:, 0], across), place(points[:, 1], up, up=True))
    for (a, b), (x, y), fill in zip(points, places, fills):
        if left <= a <= right and low <= b <= high:
            draw.ellipse((x - wide, y - wide, x + wide, y + wide), fill=fill)
