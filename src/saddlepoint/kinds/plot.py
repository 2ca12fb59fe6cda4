"""Curves in a frame: how sequences are drawn without a plotting library."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

_INKS = ((31, 119, 180), (214, 84, 30), (44, 140, 60), (148, 80, 170), (120, 90, 60), (30, 30, 30))
_PAPER, _AXIS, _MARGIN = (255, 255, 255), (205, 205, 205), 4


def curves(values: Tensor, low: float, high: float, size: tuple[int, int] = (256, 96)) -> Image.Image:
    """Values [T, C] from left to right, a curve for each of the C numbers; what lies outside low..high is cut.

    size: width and height in pixels. Values that are not finite are drawn at the lower edge.
    """
    width, height = size
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_AXIS)
    draw.line((0, height // 2, width, height // 2), fill=_AXIS)
    points = np.nan_to_num(values.detach().float().cpu().numpy(), nan=low, posinf=high, neginf=low)
    share = np.clip((points - low) / ((high - low) or 1.0), 0, 1)
    across = np.linspace(_MARGIN, width - 1 - _MARGIN, max(len(points), 2))
    for channel in range(points.shape[1]):
        down = height - 1 - _MARGIN - share[:, channel] * (height - 1 - 2 * _MARGIN)
        places = list(zip(across.tolist(), down.tolist()))
        if len(places) == 1:
            places.append((float(across[-1]), places[0][1]))
        draw.line(places, fill=_INKS[channel % len(_INKS)], width=1)
    return picture
