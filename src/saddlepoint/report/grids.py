"""Pictures of what a generator makes: tiles of images, and plots of real and fake points with fixed axes."""

from __future__ import annotations

import io
import math
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.report.axes import FINER, INK, MARGIN, SIDE, Limits, axes, dots, place
from saddlepoint.storage.whole import replace

TILE = 64  # a smaller image is enlarged to at least this many pixels, so that a person can see it
GAP = 2
GAP_GREY = 64
CAPTION = "Description"  # PNG's own keyword for such a text

_REAL, _FAKE = (120, 128, 140), (214, 84, 30)


def save_png(picture: Image.Image, path: Path, caption: str = "") -> None:
    """Write a PNG in one piece, with the caption as its description. Raises RunError when it cannot be written."""
    info = PngInfo()
    if caption:
        info.add_itxt(CAPTION, caption)
    content = io.BytesIO()
    picture.save(content, "PNG", pnginfo=info)
    replace(path, content.getvalue())


def plot(real: Tensor, fake: Tensor, limits: Limits) -> Image.Image:
    """Real points (grey) and fake points (orange) of a point world, in a square with the same axes every time.

    real, fake: [N, 2] for a scatter, [N, 1] for a histogram. limits: the ends of both axes (of the value in one
    dimension); points beyond them are not drawn, and are counted above the plot. See `limits_of`.
    Raises ShapeError for other shapes.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1] or real.shape[1] not in (1, 2):
        raise ShapeError(f"a plot shows points [N, 1] or [N, 2]; these are {list(real.shape)} and {list(fake.shape)}.")
    reals, fakes = (points.detach().float().cpu().numpy() for points in (real, fake))
    picture = Image.new("RGB", (SIDE * FINER, SIDE * FINER), "white")
    draw = ImageDraw.Draw(picture, "RGBA")
    axes(draw, limits, limits if reals.shape[1] == 2 else None)
    if reals.shape[1] == 2:
        dots(draw, reals, limits, limits, repeat((*_REAL, 110)))
        dots(draw, fakes, limits, limits, repeat((*_FAKE, 170)))
    else:
        _bars(draw, reals[:, 0], fakes[:, 0], limits)
    outside = int((~(np.abs(fakes - np.mean(limits)) <= (limits[1] - limits[0]) / 2).all(axis=1)).sum())
    _legend(draw, outside)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def limits_of(real: Tensor) -> Limits:
    """Round ends for the axes of every plot of a run: the real points with a fifth of their span around them."""
    low, high = float(real.min()), float(real.max())
    room = 0.2 * (high - low) or 1.0
    step = 10.0 ** math.floor(math.log10(high - low + 2 * room)) / 2
    return math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step


def _bars(draw: ImageDraw.ImageDraw, real: np.ndarray, fake: np.ndarray, limits: Limits) -> None:
    edges = np.linspace(*limits, 61)
    shares = [np.histogram(values, edges)[0] / len(values) for values in (real, fake)]
    # the frame's height is set by the real points alone, so that it is the same all through a run
    top, left, right = 1.25 * shares[0].max() or 1.0, place(edges[:-1], limits), place(edges[1:], limits)
    base = (SIDE - MARGIN) * FINER
    for share, fill in zip(shares, ((*_REAL, 130), (*_FAKE, 130))):
        heights = np.minimum(share / top, 1) * (SIDE - 2 * MARGIN) * FINER
        for x0, x1, height in zip(left, right, heights):
            if height > 0:
                draw.rectangle((x0, base - height, x1 - 1, base), fill=fill)


def _legend(draw: ImageDraw.ImageDraw, outside: int) -> None:
    font, x, y = ImageFont.load_default(13 * FINER), MARGIN * FINER, MARGIN // 2 * FINER
    beyond = f" ({outside:,} beyond the frame)" if outside else ""
    for colour, text in ((_REAL, "real"), (_FAKE, f"fake{beyond}")):
        radius = 5 * FINER
        draw.ellipse((x, y - radius, x + 2 * radius, y + radius), fill=colour)
        x += 3 * radius
        draw.text((x, y), text, fill=INK, font=font, anchor="lm")
        x += int(draw.textlength(text, font)) + 3 * radius
