"""A table of images with words beside it: what each row is, what each column is, and what the whole shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.pictures import grid

_INK, _PAPER = (40, 44, 52), "white"
_SIZE, _LINE, _ROOM = 13, 17, 6  # of the letters, from line to line, and around them, in pixels
_LEAST, _MOST_LEFT = 96, 200  # side of a tile, so that a word fits over it; width of the words on the left
_NARROWEST = 360  # so that the title has room


def captioned(
    images: Sequence[Tensor | None], rows: Sequence[str], columns: Sequence[str], title: str = "", least: int = _LEAST
) -> Image.Image:
    """Images in rows and columns, with a title above, a word over each column and one before each row.

    images: [C, H, W] in [-1, 1], row by row, all of one shape; None leaves a place empty. rows, columns: their words,
    of which any may be empty; they are broken into lines where they are long. least: side that small images are
    enlarged to at least, by a whole factor.
    Raises ShapeError unless there are as many images as places.
    """
    if len(images) != len(rows) * len(columns) or all(image is None for image in images):
        raise ShapeError(f"{len(rows)} rows of {len(columns)} columns do not hold {len(images)} images.")
    side = max(next(image for image in images if image is not None).shape[1:])
    tiles = [None if image is None else grid(image[None], 1, max(1, math.ceil(least / side))) for image in images]
    width, height = next(tile for tile in tiles if tile is not None).size
    font = ImageFont.load_default(_SIZE)
    left = [_broken(text, _MOST_LEFT, font) for text in rows]
    indent = max((math.ceil(font.getlength(line)) for lines in left for line in lines), default=0)
    indent += 2 * _ROOM if indent else 0
    over = [_broken(text, width - 2, font) for text in columns]
    across = max(indent + width * len(columns), _NARROWEST)
    above = _broken(title, across - 2 * _ROOM, font)
    head = len(above) * _LINE + (2 * _ROOM if above else 0)
    top = head + max(map(len, over)) * _LINE + (_ROOM if any(over) else 0)
    high = max(height, max(map(len, left)) * _LINE)
    picture = Image.new("RGB", (across, top + high * len(rows)), _PAPER)
    draw = ImageDraw.Draw(picture)
    _write(draw, above, _ROOM, _ROOM, font)
    for column, lines in enumerate(over):
        _write(draw, lines, indent + column * width + width / 2, top - len(lines) * _LINE - 1, font, centred=True)
    for row, lines in enumerate(left):
        _write(draw, lines, _ROOM, top + row * high + (high - len(lines) * _LINE) / 2, font)
    for place, tile in enumerate(tiles):
        if tile is not None:
            row, column = divmod(place, len(columns))
            picture.paste(tile.convert("RGB"), (indent + column * width, top + row * high))
    return picture


def _broken(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Lines of at most `width` pixels, broken between words, or within one that is too long by itself."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(joined) <= width:
            lines[-1] = joined
            continue
        while font.getlength(word) > width and len(word) > 1:
            cut = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or font.getlength(word[:n]) <= width)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return lines


def _write(
    draw: ImageDraw.ImageDraw, lines: list[str], x: float, y: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    *, centred: bool = False,
) -> None:  # fmt: skip
    for number, line in enumerate(lines):
        draw.text((x, y + number * _LINE), line, fill=_INK, font=font, anchor="ma" if centred else "la")
