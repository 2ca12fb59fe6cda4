"""A scatter of points in classes: a colour for each, its name where its points gather, and the axes that are given."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.report.axes import FINER, INK, MARGIN, SIDE, Limits, axes, dots, place

COLOURS = (
    *((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189)),
    *((140, 86, 75), (227, 119, 194), (110, 110, 110), (170, 170, 20), (23, 190, 207)),
)
"""as many classes as an eye tells apart"""
_DARK = (20, 22, 26)
_LINE, _ROOM, _SWATCH = 17, 10, 5  # from line to line, around words, and half of a spot of the legend, in pixels


def scatter(
    points: Tensor,
    labels: Tensor,
    names: Sequence[str],
    limits: tuple[Limits, Limits],
    lines: Sequence[str],
    around: Tensor | None = None,
) -> Image.Image:
    """Points in a square, under some lines of words; a legend beside it where there are classes.

    points: [N, 2]. labels: [N], their classes by place in `names`, of which there are at most ten; with no names all
    points have one colour. limits: of both axes, see `frame`. lines: as many in each frame of a moving picture, whose
    size follows from these and from the names. around: [K, N, 2], points drawn small and faint beneath, in the same
    colours. Raises ShapeError for shapes that do not fit, or too many names.
    """
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1] or len(names) > len(COLOURS):
        raise ShapeError(
            f"a scatter shows points [N, 2] with a label each, of at most {len(COLOURS)} classes; these are"
            f" {list(points.shape)} with labels {list(labels.shape)} of {len(names)} classes."
        )
    square = Image.new("RGB", (SIDE * FINER, SIDE * FINER), "white")
    draw = ImageDraw.Draw(square, "RGBA")
    axes(draw, *limits)
    if around is not None and len(around):
        _cloud(draw, around.flatten(0, 1), labels.repeat(len(around)), limits, 1.2, 90)
    _cloud(draw, points, labels, limits, 2.6 if len(points) <= 1000 else 2, 235)
    _named(draw, points, labels, names, limits)
    return _page(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS), labels, names, lines)


def frame(points: Tensor) -> tuple[Limits, Limits]:
    """Limits of both axes that hold all points [N, 2]: of equal length, each cut into four by round numbers."""
    ends = [(float(low), float(high)) for low, high in zip(points.amin(0), points.amax(0))]
    span = max(high - low for low, high in ends) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    for step in (power * size for size in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20)):
        across, up = ((math.floor(low / step) * step, math.floor(low / step + 4) * step) for low, _ in ends)
        if across[1] >= ends[0][1] and up[1] >= ends[1][1]:
            break
    return across, up


def _cloud(
    draw: ImageDraw.ImageDraw,
    points: Tensor,
    labels: Tensor,
    limits: tuple[Limits, Limits],
    radius: float,
    alpha: int,
) -> None:
    """Points in mixed order, so that no class lies above the others; the same order in every frame."""
    order = torch.from_numpy(numpy_generator("scatter", len(points)).permutation(len(points)))
    fills = [(*COLOURS[label], alpha) for label in labels[order].tolist()]
    dots(draw, points[order].numpy(), *limits, fills, radius)


def _named(
    draw: ImageDraw.ImageDraw, points: Tensor, labels: Tensor, names: Sequence[str], limits: tuple[Limits, Limits]
) -> None:
    """Each class by name at the median of its points."""
    font = ImageFont.load_default(16 * FINER)
    for label, name in enumerate(names):
        own = points[labels == label].numpy()
        if len(own):
            x, y = np.median(own, axis=0)
            at = (float(place(x, limits[0])), float(place(y, limits[1], up=True)))
            draw.text(at, name, fill=_DARK, font=font, anchor="mm", stroke_width=2 * FINER, stroke_fill="white")


def _page(square: Image.Image, labels: Tensor, names: Sequence[str], lines: Sequence[str]) -> Image.Image:
    """The square with its lines above it and its legend to the right."""
    font = ImageFont.load_default(13)
    legend = [f"{name} ({int((labels == label).sum()):,})" for label, name in enumerate(names)]
    beside = int(max(map(font.getlength, legend))) + 2 * _SWATCH + 2 * _ROOM if legend else 0
    above = max(0, 2 * _ROOM + len(lines) * _LINE - MARGIN)  # the square's own margin is free
    page = Image.new("RGB", (SIDE + beside, above + SIDE), "white")
    page.paste(square, (0, above))
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((_ROOM, _ROOM + number * _LINE), line, fill=INK, font=font)
    for number, text in enumerate(legend):
        y = above + MARGIN + _ROOM + number * _LINE
        draw.ellipse((SIDE, y - _SWATCH, SIDE + 2 * _SWATCH, y + _SWATCH), fill=COLOURS[number])
        draw.text((SIDE + 2 * _SWATCH + _ROOM // 2, y), text, fill=INK, font=font, anchor="lm")
    return page
