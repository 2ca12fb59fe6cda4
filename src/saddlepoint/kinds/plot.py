"""Curves and histograms in a frame: how numbers are drawn without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont
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


def histogram(sets: Mapping[str, np.ndarray], bins: int = 48, size: tuple[int, int] = (640, 300)) -> Image.Image:
    """How often numbers of each set [n] occur, by its name, all over one axis; what is not finite is left out.

    size: width and height in pixels. The axis spans from the least to the greatest number.
    """
    finite = {name: values[np.isfinite(values)] for name, values in sets.items()}
    every = np.concatenate([*finite.values(), np.zeros(0)])
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    shares = {name: np.histogram(values, edges)[0] / max(len(values), 1) for name, values in finite.items()}
    top = max(float(share.max()) for share in shares.values()) or 1.0
    (width, height), font = size, ImageFont.load_default(13)
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    base, across = height - 24, np.linspace(_MARGIN, width - 1 - _MARGIN, bins + 1)
    draw.rectangle((0, 0, width - 1, base), outline=_AXIS)
    for number, (name, share) in enumerate(shares.items()):
        ink = _INKS[number % len(_INKS)]
        heights = base - share / top * (base - 2 * _MARGIN)
        corners = [(float(across[0]), float(base))]
        for place, value in enumerate(heights):
            corners += [(float(across[place]), float(value)), (float(across[place + 1]), float(value))]
        draw.line([*corners, (float(across[-1]), float(base))], fill=ink, width=2)
        draw.text((width - 140, 8 + 18 * number), name, fill=ink, font=font)
    for value, place in ((low, 4), ((low + high) / 2, width // 2 - 16), (high, width - 52)):
        draw.text((place, base + 5), f"{value:.3g}", fill=(90, 90, 90), font=font)
    return picture
